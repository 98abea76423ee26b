// What utf8proc does not know of Unicode: scripts, one property, and the categories and lower case
// of characters that are newer than its tables, so that a text is cut the same whatever utf8proc is
// installed. And what Hugging Face's tokenizers know: they stand at several ages of Unicode at
// once.
#pragma once

#include <span>
#include <string_view>

#include "text/unicode.h"

namespace linnet {

struct NamedSet {
    std::string_view name;  // a script, Other_Alphabetic, or what HF's steps go by
    std::span<const CodeRange> ranges;
};
std::span<const NamedSet> named_sets();

// Characters of Unicode 15 and 16, in rising order. They count where utf8proc calls them
// unassigned.
struct NewerRange {
    uint32_t first, last;
    uint8_t category;
};
std::span<const NewerRange> newer_ranges();

// Lower case that came with Unicode 15 to 17.
struct NewerLower {
    uint32_t first, last, lower_of_first;
};
std::span<const NewerLower> newer_lower_cases();

std::span<const CodeRange> controls_of_hf();          // that BERT's normalizer drops: Unicode 8
std::span<const CodeRange> nonspacing_marks_of_hf();  // that it strips: Unicode 8
std::span<const CodeRange> marks_of_hf();             // that StripAccents strips: Unicode 9
// What has a combining class or a decomposition since Unicode 10, and has none there.
std::span<const CodeRange> newer_than_forms_of_hf();

}  // namespace linnet
