// Where the bytes of one file can be had, once a reference was looked up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/file.h"
#include "net/http.h"
#include "trust/hash.h"

namespace linnet {

struct Remote {
    Url url;
    std::string authorization;     // for the origin of `url` only
    HttpClient* client = nullptr;  // the one with the right certificates and proxy
};

struct Supply {
    std::variant<Remote, Path> place;
    // The part of the file or address that holds the content: of an archive, one member.
    uint64_t offset = 0;
    std::optional<uint64_t> length{};
    bool deflated = false;
    std::optional<uint32_t> crc32{};  // of the content, as an archive notes it
    std::optional<uint64_t> bytes{};  // of the content
    std::optional<Digest> sha256{};   // of the content, where the source knows it
    std::string identity{};           // the same text means the same bytes

    bool is_part() const { return offset > 0 || length; }
};

// Content that nobody vouches for must not come over a line that others can write on.
Result<> check_transport(const Url& url, bool hash_is_known);

// "bytes 5-9/100": first 5, last 9, total 100.
struct ContentRange {
    uint64_t first = 0, last = 0;
    std::optional<uint64_t> total;
};
std::optional<ContentRange> parse_content_range(const HttpHead& head);

}  // namespace linnet
