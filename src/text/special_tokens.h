// Which tokens have a role, told by how they are spelled where the file does not say.
#pragma once

#include <vector>

#include "text/tokenizer_data.h"

namespace linnet {

// Drops ids that do not exist, fills in roles by name, and gives the types of tokens that must be
// control tokens, whatever the file says. What it had to change goes to data.warnings.
void settle_special_tokens(TokenizerData& data);

// The tokens that end a generation, in rising order. REQUIRES: settle_special_tokens() ran.
std::vector<TokenId> ends_of(const TokenizerData& data);

}  // namespace linnet
