// How far a model's predictions are from those of another, of whose tokens it has some only: what
// leaving tokens out has cost. Both read the same text, each cut into its own tokens, and are
// compared where the next token is the same and ends at the same byte. The reference's
// probabilities are those of the tokens that both have, made to sum to one.
#pragma once

#include <string_view>

#include "eval/divergence.h"
#include "text/tokenizer.h"

namespace linnet {

struct DivergenceAcross {
    Divergence alike;    // over all tokens that were compared
    double share = 0;    // of the counted tokens of the reference, those that were compared
    double context = 0;  // the mean over those whose whole context was cut alike too; 0 for none
    size_t context_tokens = 0;
};

// A model and the tokenizer it was made with.
struct ReadingModel {
    Scorer& scorer;
    const Tokenizer& tokenizer;
};

// Chunks are of the reference's tokens, each begun where a token is common; of each the second half
// counts. Usage where the model has tokens that the reference lacks, or the text is too short.
// REQUIRES: contexts of the same length.
Result<DivergenceAcross> measure_divergence_across(const ReadingModel& model,
                                                   const ReadingModel& reference,
                                                   std::string_view text, size_t chunks_max,
                                                   Progress& progress, const Cancel& cancel);

// For each token of `model` the reference's of that spelling; of several the next one. Usage where
// there is none.
Result<std::vector<TokenId>> tokens_in_reference(const Tokenizer& model,
                                                 const Tokenizer& reference);

}  // namespace linnet
