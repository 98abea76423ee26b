// What the store knows about one model: its files by hash, where they came from, under which
// licence. A manifest is written only when all its files are there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "trust/hash.h"

namespace linnet {

struct ModelFile {
    std::string path;  // within the model; is_model_file()
    uint64_t bytes = 0;
    Digest sha256;

    bool operator==(const ModelFile&) const = default;
};

struct Manifest {
    std::string name;       // is_model_name()
    std::string requested;  // what was asked for: a catalog name or a reference
    std::string source;     // the reference that it came from
    // The hashes were known beforehand (by catalog or user) and matched; else they were recorded
    // from what came.
    bool pinned = false;
    int64_t pulled_at_s = 0;                        // since 1970, UTC
    std::string licence, architecture, parameters;  // as the catalog or the file says; may be empty
    std::vector<ModelFile> files;                   // at least one; sorted by path

    uint64_t bytes() const;
    bool operator==(const Manifest&) const = default;
};

inline constexpr size_t model_files_max = 500;

// Strict about whatever becomes a file name or a size; unknown members are ignored.
Result<Manifest> parse_manifest(std::string_view text);
std::string manifest_text(const Manifest& manifest);

// The members that manifests and catalogs share. `files` in any order; twice the same is an error.
Result<std::vector<ModelFile>> parse_model_files(const Json& files);
Json model_files_json(const std::vector<ModelFile>& files);

}  // namespace linnet
