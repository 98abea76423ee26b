// What utf8proc does not know of Unicode: scripts, one property, and the categories of characters
// that are newer than its tables, so that a text is cut the same whatever utf8proc is installed.
#pragma once

#include <span>
#include <string_view>

#include "text/unicode.h"

namespace linnet {

struct NamedSet {
    std::string_view name;  // a script, or Other_Alphabetic
    std::span<const CodeRange> ranges;
};
std::span<const NamedSet> named_sets();

// Characters of Unicode 14 to 16, in rising order. They count where utf8proc calls them unassigned.
struct NewerRange {
    uint32_t first, last;
    uint8_t category;
};
std::span<const NewerRange> newer_ranges();

}  // namespace linnet
