// The code points of the scripts that pre-tokenizers name.
#pragma once

#include <span>
#include <string_view>

#include "text/unicode.h"

namespace linnet {

struct Script {
    std::string_view name;
    std::span<const CodeRange> ranges;
};
std::span<const Script> scripts();

}  // namespace linnet
