// How often a tokenizer's tokens come in some texts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "linnet/command.h"
#include "text/tokenizer.h"

namespace linnet {

struct TokenCounts {
    std::vector<uint64_t> by_token;
    uint64_t tokens = 0, words = 0;  // words: what stands between white space

    double tokens_a_word() const {
        return words == 0 ? 0 : static_cast<double>(tokens) / static_cast<double>(words);
    }
};

// Reads the files a few megabytes at a time.
Result<TokenCounts> count_tokens(Context& context, const Tokenizer& tokenizer,
                                 std::span<const std::string> files);

}  // namespace linnet
