// The part of a tokenizer that turns one piece of text into tokens.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/merge.h"
#include "text/vocabulary.h"

namespace linnet {

class WordModel {
  public:
    virtual ~WordModel() = default;
    // Appends the tokens of `word` to `out`. REQUIRES: the word is shorter than word_bytes_max.
    virtual void encode(std::string_view word, MergeWorkspace& work,
                        std::vector<TokenId>& out) const = 0;
    // Appends the tokens that merging `word` goes through, with those that it ends in; nothing
    // where words are not merged. Some come more than once, and no_token may be among them.
    virtual void formed(std::string_view word, MergeWorkspace& work,
                        std::vector<TokenId>& out) const {
        (void)word, (void)work, (void)out;
    }
    static constexpr size_t word_bytes_max = size_t{1} << 30;
};

// The vocabulary must outlive them. What is odd about the data goes to `warnings`.
Result<std::unique_ptr<WordModel>> make_bpe(const TokenizerData& data, const Vocabulary& vocabulary,
                                            std::vector<std::string>& warnings);

Result<std::unique_ptr<WordModel>> make_spm(const TokenizerData& data, const Vocabulary& vocabulary,
                                            std::vector<std::string>& warnings);
std::unique_ptr<WordModel> make_unigram(const TokenizerData& data, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_wordpiece(const TokenizerData& data, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_word_level(const TokenizerData& data, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_rwkv(const TokenizerData& data, const Vocabulary& vocabulary);

}  // namespace linnet
