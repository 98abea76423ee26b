// A vocabulary cut down to the tokens that texts use most, so that what is left still cuts every
// text, and cuts a text that the whole vocabulary would cut into kept tokens in the same way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_data.h"

namespace linnet {

// The ids of `size` tokens, ascending. Kept are, before all others: tokens for bytes, control,
// unknown and user-defined tokens, and what the settings name; then tokens by their count, each
// with all that merging its text goes through, so that it can be reached; of equal counts the
// lower id. One count for each token. Usage where `size` is too small for what must stay, or not
// below the vocabulary; Unsupported for kinds of tokenizers whose tokens cannot be left out.
Result<std::vector<TokenId>> kept_tokens(TokenizerData data, std::span<const uint64_t> counts,
                                         size_t size);

}  // namespace linnet
