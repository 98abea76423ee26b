// The name that a GGUF file gives to a way of cutting text, found by what it does.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

// That of which the cuts of a text with everything in it are the same: patterns are written in
// more ways than one. Nothing where there is none.
Result<std::optional<std::string_view>> pre_tokenizer_name(const TokenizerData& data);

}  // namespace linnet
