#include "engine/model_files.h"

#include <algorithm>
#include <future>

#include "base/text.h"

namespace linnet {

static Result<std::shared_ptr<const Model>> load_model(const Checkpoint& checkpoint, Math math,
                                                       size_t threads) {
    ThreadPool pool(std::max<size_t>(threads, 1));
    return Model::load(checkpoint, math, pool);
}

Result<ModelFiles> ModelFiles::load(const Checkpoint& checkpoint, Math math, size_t threads) {
    auto read = std::async(std::launch::async, [&] { return Tokenizer::from(checkpoint); });
    auto model = load_model(checkpoint, math, threads);
    ModelFiles files{TRY(read.get()), TRY(std::move(model))};
    size_t tokens = static_cast<size_t>(files.tokenizer.size());
    size_t known = files.model->config().vocabulary;
    if (tokens > known)
        return Error{Code::BadInput,
                     cat("the tokenizer has ", tokens, " tokens, and the model only ", known)};
    return files;
}

}  // namespace linnet
