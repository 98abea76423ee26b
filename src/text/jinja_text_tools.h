// Work on texts that filters and methods share.
#pragma once

#include "text/jinja_runtime.h"

namespace linnet::jinja {

// At most `most` times where that is not negative.
Result<Value> replaced(Runtime& runtime, const Text& text, std::string_view old,
                       std::string_view replacement, int64_t most);

enum class Placement { Left, Center, Right };
// Padded to `width` characters.
Result<Value> placed(Runtime& runtime, const Text& text, int64_t width, std::string_view fill,
                     Placement placement);

}  // namespace linnet::jinja
