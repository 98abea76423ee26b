// A download that may be broken off at any moment and gone on with later. The bytes lie in
// partial/KEY; partial/KEY.json marks how many of them are good, with their hash, so that what a
// crash or power cut left behind is found out before anything is added to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/file.h"
#include "base/json.h"
#include "store/inflate.h"
#include "store/layout.h"
#include "trust/hash.h"

namespace linnet {

// What a partial download belongs to.
struct PartialSource {
    std::string text;       // the same text means the same bytes, if the validator agrees
    std::string validator;  // ETag or Last-Modified of the server, for If-Range; may be empty

    bool operator==(const PartialSource&) const = default;
};

class Partial {
  public:
    // REQUIRES: the lock of the key is held as long as this lives. Hashes what is there; bytes
    // beyond the last mark, or not matching it, are dropped.
    static Result<Partial> open(const Layout& layout, const std::string& key, const Cancel& cancel);

    const Path& path() const { return path_; }
    uint64_t bytes() const { return writer_.size(); }
    const PartialSource& source() const { return source_; }
    // The place that the last mark was made with: where unpacking can go on after rewind().
    const std::optional<Inflater::Place>& place() const { return place_; }
    Digest digest() const { return hash_.digest(); }
    uint32_t crc32() const { return crc32_; }
    // The last bytes before the end, up to Inflater::window_bytes.
    Result<std::string> window() const;

    // Begins anew.
    Result<> restart(PartialSource source);
    void set_validator(std::string validator) { source_.validator = std::move(validator); }
    Result<> append(Bytes bytes);
    // Becomes a copy of a file that shares its blocks on the disk until either is written to. False
    // where the file system cannot do that. REQUIRES: there are no bytes yet.
    Result<bool> clone(const Path& from, const Cancel& cancel);
    // What is there now survives a kill. The place belongs to exactly these bytes.
    Result<> mark(std::optional<Inflater::Place> place);
    // Drops what came after the last mark.
    Result<> rewind();
    Result<> sync() { return writer_.sync(); }
    // Removes bytes and mark.
    static Result<> remove(const Layout& layout, const std::string& key);

  private:
    Partial() = default;
    Path mark_path() const { return path_.string() + ".json"; }
    Result<> read_mark(const Cancel& cancel);
    Result<> hash_prefix(uint64_t bytes, const Cancel& cancel);
    void keep_state() { marked_ = {bytes(), hash_, crc32_}; }

    struct State {
        uint64_t bytes = 0;
        Sha256 hash;
        uint32_t crc32 = 0;
    };
    Path path_;
    PartialSource source_;
    std::optional<Inflater::Place> place_;
    FileWriter writer_;
    Sha256 hash_;
    uint32_t crc32_ = 0;
    State marked_;
};

}  // namespace linnet
