#include "model/memory_use.h"

namespace linnet {

MemoryUse memory_use(const Model& model, CacheSize cache, size_t threads, Workspace::Size buffers) {
    return {.weights =
                model.streamed_bytes() > 0 ? model.held_bytes() : model.checkpoint().file_bytes(),
            .cache = cache.pages * KvCache::bytes_per_page(model.kv_shapes(), cache.type),
            .buffers = Workspace::bytes(model, threads, buffers)};
}

}  // namespace linnet
