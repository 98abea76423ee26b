#include "engine/model_files.h"

#include <algorithm>
#include <future>

#include "base/text.h"

namespace linnet {

Result<std::shared_ptr<const Model>> load_model(const Checkpoint& checkpoint, Math math,
                                                size_t threads, uint64_t weights_max) {
    ThreadPool pool(std::max<size_t>(threads, 1));
    return Model::load(checkpoint, math, pool, weights_max);
}

Result<ModelFiles> ModelFiles::load(const Checkpoint& checkpoint, Math math, size_t threads,
                                    uint64_t weights_max) {
    auto read = std::async(std::launch::async, [&] { return Tokenizer::from(checkpoint); });
    auto model = load_model(checkpoint, math, threads, weights_max);
    ModelFiles files{TRY(read.get()), TRY(std::move(model))};
    size_t tokens = static_cast<size_t>(files.tokenizer.size());
    size_t known = files.model->config().vocabulary;
    if (tokens > known)
        return Error{Code::BadInput,
                     cat("the tokenizer has ", tokens, " tokens, and the model only ", known)};
    return files;
}

Result<uint64_t> weights_room(const Checkpoint& checkpoint, std::optional<uint64_t> memory_max,
                              FunctionRef<uint64_t(const Model&)> beside_weights) {
    const uint64_t all = checkpoint.file_bytes();
    if (!memory_max || all <= *memory_max / 2) return PackMemory::unlimited;
    // Without packing a model is opened in no time, and tells what it takes.
    auto model = TRY(load_model(checkpoint, Math::F32, 1, 0));
    uint64_t beside = beside_weights(*model);
    uint64_t room = *memory_max - std::min(*memory_max, beside);
    if (all <= room) return PackMemory::unlimited;
    constexpr uint64_t tokenizer_bytes = 400;  // of a token of the vocabulary, about
    uint64_t others = *memory_max / 8 + tokenizer_bytes * model->config().vocabulary;
    return room - std::min(room, others);
}

}  // namespace linnet
