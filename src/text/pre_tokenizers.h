// The pre-tokenizers that GGUF files name in tokenizer.ggml.pre.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer_data.h"

namespace linnet {

struct NamedPreTokenizer {
    std::vector<SplitStep> steps;
    bool ignore_merges = false;
    bool adds_bos = false;
    bool space_mark = false;  // spaces are U+2581 in the tokens, which spell UTF-8 and not bytes
};

std::optional<NamedPreTokenizer> pre_tokenizer_of(std::string_view name);

// One name for each way of cutting text, the most usual first.
std::vector<std::string_view> pre_tokenizer_names();

// What stands in for a name that is not in the table.
inline constexpr std::string_view pre_tokenizer_for_unknown = "llama-bpe";

// The step for a published pattern; also for those that no Pattern can match.
SplitStep split_by(std::string_view pattern);
SplitStep split_digits();              // every digit alone
std::vector<SplitStep> bert_splits();  // at white space, which goes; punctuation alone
std::string_view gpt2_pattern();

}  // namespace linnet
