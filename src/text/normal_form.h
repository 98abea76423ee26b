// Unicode's normal forms and case, over text that need not be valid UTF-8: broken bytes stay as
// they are. The forms are those of Unicode 9, as in Hugging Face's tokenizers: what came later is
// neither taken apart nor moved. Time is linear but for sorting runs of marks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace linnet {

struct NormalForm {
    bool compose;
    bool compatibility;
};
inline constexpr NormalForm nfc{true, false}, nfd{false, false}, nfkc{true, true},
    nfkd{false, true};

std::string normalized(std::string_view text, NormalForm form);

// Appends the lower case of one code point, by Unicode's full mapping without context.
void append_lower(std::string& out, uint32_t code);

}  // namespace linnet
