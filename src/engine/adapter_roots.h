// What the pages of a prompt depend on besides its tokens: keys and values that were computed with
// adapters are those of no other adapters, nor of other scales. Not thread-safe; the engine owns
// it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "engine/pages.h"
#include "model/adapters/applied_adapter.h"

namespace linnet {

class AdapterRoots {
  public:
    // Where the chains of pages of these adapters begin; 0 without any. The same for the same ones
    // at the same scales, in the same order. The least recently used is forgotten, and its pages
    // are not found again.
    uint64_t root_of(std::span<const AppliedAdapter> adapters, PagePool& pages);

    static constexpr size_t roots_max = 64;

  private:
    // Whatever comes where an adapter was is another one, so the address would not do.
    struct Used {
        std::weak_ptr<const Adapter> adapter;
        float scale;
        bool is(const AppliedAdapter& applied) const {
            return scale == applied.scale && !adapter.owner_before(applied.adapter) &&
                   !applied.adapter.owner_before(adapter);
        }
    };
    struct Root {
        std::vector<Used> used;
        uint64_t root;
    };
    std::list<Root> roots_;  // the most recently used first
};

}  // namespace linnet
