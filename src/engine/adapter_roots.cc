#include "engine/adapter_roots.h"

#include <algorithm>

namespace linnet {

uint64_t AdapterRoots::root_of(std::span<const AppliedAdapter> adapters, PagePool& pages) {
    if (adapters.empty()) return 0;
    auto known = std::ranges::find_if(roots_, [&](const Root& root) {
        return std::ranges::equal(root.used, adapters, [](const Used& used, const auto& applied) {
            return used.is(applied);
        });
    });
    if (known != roots_.end()) {
        roots_.splice(roots_.begin(), roots_, known);
        return roots_.front().root;
    }
    if (roots_.size() == roots_max) roots_.pop_back();
    std::vector<Used> used;
    for (const AppliedAdapter& applied : adapters) used.push_back({applied.adapter, applied.scale});
    roots_.push_front({std::move(used), pages.new_root()});
    return roots_.front().root;
}

}  // namespace linnet
