// What every use of a model begins with: its tokenizer and its weights, read side by side.
#pragma once

#include <memory>

#include "model/model.h"
#include "text/tokenizer.h"

namespace linnet {

struct ModelFiles {
    Tokenizer tokenizer;
    std::shared_ptr<const Model> model;

    // BadInput where the two do not belong together. Weights are packed by `threads`, beside the
    // tokenizer's one: of a small model it is a quarter of the time.
    static Result<ModelFiles> load(const Checkpoint& checkpoint, Math math, size_t threads);
};

}  // namespace linnet
