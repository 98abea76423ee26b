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
};

// The leaves of the document's tables, in file order. A syntax error says where; dates, which
// JSON lacks, come as text.
Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const Path& name);

}  // namespace linnet
