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
    // tokenizer's one: of a small model it is a quarter of the time. At most weights_max bytes of
    // them stay in memory (Model::load).
    static Result<ModelFiles> load(const Checkpoint& checkpoint, Math math, size_t threads,
                                   uint64_t weights_max = PackMemory::unlimited);
};

// The model alone, packed by `threads`.
Result<std::shared_ptr<const Model>> load_model(const Checkpoint& checkpoint, Math math,
                                                size_t threads,
                                                uint64_t weights_max = PackMemory::unlimited);

// How many bytes of weights may stay in a memory of memory_max; all of them where they fit beside
// what else the model takes. Else some of the memory is left to the tokenizer and to what passes
// through.
Result<uint64_t> weights_room(const Checkpoint& checkpoint, std::optional<uint64_t> memory_max,
                              FunctionRef<uint64_t(const Model&)> beside_weights);

}  // namespace linnet
