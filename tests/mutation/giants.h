// Large files made to cost memory or time: each is legal in its small parts, and asks a reader that
// keeps or copies what it sees for many times its own size.
#pragma once

#include <span>
#include <string_view>

#include "base/file.h"

namespace linnet::mutation {

struct Giant {
    std::string_view name;
    Result<Path> (*make)(const Path& folder);  // the path to open, a file or a folder
};
std::span<const Giant> giants();

}  // namespace linnet::mutation
