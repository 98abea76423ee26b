// The memory that running a model takes, before any of it is taken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/model.h"

namespace linnet {

struct MemoryUse {
    uint64_t weights = 0;  // those that stay in memory
    uint64_t cache = 0;
    uint64_t buffers = 0;

    uint64_t beside_weights() const { return cache + buffers; }
    uint64_t total() const { return weights + beside_weights(); }
};

struct CacheSize {
    size_t pages = 0;
    KvType type = KvType::I16;
};

MemoryUse memory_use(const Model& model, CacheSize cache, size_t threads, Workspace::Size buffers);

}  // namespace linnet
