// A text to calibrate with where there is none: the model writes it (Liu et al., LLM-QAT, 2023,
// section 2.1). Every other text begins with a token drawn from the whole vocabulary, so that they
// are about all kinds of things; those between are conversations, where the model knows them: it
// goes on from the opening of a user's turn (Xu et al., Magpie, 2024).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/progress.h"
#include "engine/engine.h"
#include "formats/checkpoint.h"
#include "text/tokenizer.h"

namespace linnet {

struct SelfTextOptions {
    size_t tokens = 0;      // of all texts together, at least
    uint32_t length = 512;  // of one
    size_t threads = 1;
    uint64_t seed = 1;
    std::optional<uint64_t> memory_max{};  // bytes that model and cache may take; NoFit beyond
};

// The opening of a user's turn as the model's chat template writes it; empty where it has none.
std::vector<int32_t> opening_of_a_turn(const Checkpoint& checkpoint, const Tokenizer& tokenizer);

// Exactly options.tokens. Unsupported for a model that predicts no next token.
Result<std::vector<int32_t>> write_self_text(std::shared_ptr<const Model> model,
                                             const Kernels& kernels, const Tokenizer& tokenizer,
                                             std::span<const int32_t> opening,
                                             const SelfTextOptions& options, Progress& progress,
                                             const Cancel& cancel);

}  // namespace linnet
