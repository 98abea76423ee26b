// What a Tokenizer is made of.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"
#include "text/word_cache.h"

namespace linnet {

struct Tokenizer::State {
    Vocabulary vocabulary;
    AddedTokens added, added_normalized;
    Normalizer normalizer;
    PreTokenizer splits;
    std::unique_ptr<WordModel> model;
    WordCache cache;

    SpecialTokens special;
    std::vector<TokenId> prefix, suffix;
    std::vector<TokenId> ends;
    bool adds_prefix = false, adds_suffix = false;
    bool drop_first_space = false;
    std::string kind;
    std::vector<std::string> warnings;

    void encode_part(std::string_view text, bool first, bool special_too, MergeWorkspace& work,
                     std::vector<TokenId>& out) const;
    void encode_word(std::string_view word, MergeWorkspace& work, std::vector<TokenId>& out) const;
};

}  // namespace linnet
