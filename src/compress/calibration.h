// The texts that a model is calibrated with: what they weigh, and which of their tokens serve what.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"
#include "text/tokenizer.h"

namespace linnet {

struct CalibrationSource {
    std::string file;
    double weight = 1;  // its share of what is read, relative to the others
    // "FILE" or "FILE:WEIGHT". Usage where the weight is no positive number.
    static Result<CalibrationSource> parse(std::string_view text);
};

// The tokens of a text as the model reads it. Of a file whose name ends in .jsonl each line is a
// document: {"text": …}, or {"messages": [{"role": …, "content": …}, …]}, which the model's own
// chat template makes a text of. BadInput where a line is neither.
Result<std::vector<int32_t>> calibration_tokens(std::string_view file, std::string_view text,
                                                const Checkpoint& checkpoint,
                                                const Tokenizer& tokenizer);

// Whole chunks of each text, by its weight. No chunk serves two purposes, but where there are so
// few that formats are judged by what is read as well.
struct CalibrationParts {
    std::vector<int32_t> read;       // for importances and feedback
    std::vector<int32_t> judged_by;  // by which formats are chosen
    std::vector<int32_t> held_back;  // by which the result is judged; none where texts are short

    struct Wanted {
        size_t chunks;            // to be read, of all texts together
        size_t held_chunks = 16;  // to be held back; at most an eighth of each text is
        size_t chunk_tokens = 512;
    };
    // One weight for each text.
    static CalibrationParts divide(std::span<const std::vector<int32_t>> texts,
                                   std::span<const double> weights, const Wanted& wanted);
};

}  // namespace linnet
