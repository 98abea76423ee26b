// Configuration files: TOML read into flat entries that know their lines.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace linnet {

struct TomlEntry {
    std::string key;  // dotted: "pull.limit_rate"
    Json value;
    size_t line = 0;  // from 1
    // Where the value stands in the text, in bytes.
    size_t value_begin = 0, value_end = 0;
};

// The leaves of the document's tables, in file order. A syntax error says where; dates, which
// JSON lacks, come as text.
Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const Path& name);

// The text with one key set, all else (comments, order, blank lines) kept. The result is parsed
// again and compared, so that an odd layout gives an error instead of a changed meaning.
Result<std::string> set_in_toml(const std::string& text, std::string_view key, const Json& value,
                                const Path& name);
// true, 4, "auto", ["a", "b"]
std::string toml_value(const Json& value);

}  // namespace linnet
