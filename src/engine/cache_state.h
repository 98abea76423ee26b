// What a model computed for the beginning of a sequence, out of an engine's cache and back into
// one. The engine's thread calls the functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace linnet {

class KvCache;
class Model;
class PagePool;
class Snapshots;

struct CacheState {
    // Of a recurrent model, behind so many first tokens.
    struct Recurrent {
        size_t tokens = 0;
        std::vector<float> values;
    };
    std::vector<int32_t> tokens;   // whole pages of them
    std::vector<std::byte> pages;  // the cache's own bytes, page after page
    // Where the sequence stands, and where its prompt ended: the next prompt may differ from the
    // answer. The shorter one first.
    std::vector<Recurrent> recurrent{};
    static constexpr size_t recurrent_max = 2;
};

// The memory that belongs together: which pages hold what, their bytes, and recurrent states.
struct CacheParts {
    const Model& model;
    KvCache& cache;
    PagePool& pool;
    Snapshots& snapshots;
    uint64_t root = 0;  // of the adapters that it is about
};

// What is still known of the longest beginning of `tokens`.
CacheState save_cache(CacheParts parts, std::span<const int32_t> tokens);

// BadInput where the sizes are not the model's; Busy where running requests hold the pages.
Result<> restore_cache(CacheParts parts, const CacheState& state);

}  // namespace linnet
