// The model that is run to find what a change of its weights does.
#pragma once

#include <algorithm>
#include <memory>

#include "engine/scorer.h"

namespace linnet {

// In float32 throughout, so that what is measured is the change alone. Texts have at most `context`
// tokens.
inline Result<std::unique_ptr<Scorer>> trial_scorer(const Checkpoint& checkpoint,
                                                    const Kernels& kernels, size_t context,
                                                    ThreadPool& pool) {
    auto model = TRY(Model::load(checkpoint, Math::F32, pool));
    const size_t length = std::min<size_t>(context, model->config().context);
    return Scorer::make(
        model, kernels,
        {.threads = pool.size(), .context = static_cast<uint32_t>(length), .kv = KvType::F32});
}

}  // namespace linnet
