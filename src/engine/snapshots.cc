#include "engine/snapshots.h"

#include <algorithm>

#include "base/result.h"

namespace linnet {

size_t Snapshots::restore(std::span<const int32_t> tokens, std::span<float> state, uint64_t root) {
    auto best = snapshots_.end();
    for (auto it = snapshots_.begin(); it != snapshots_.end(); ++it) {
        size_t length = it->tokens.size();
        if (it->root != root || length > tokens.size() ||
            (best != snapshots_.end() && length <= best->tokens.size()))
            continue;
        if (std::ranges::equal(it->tokens, tokens.first(length))) best = it;
    }
    if (best == snapshots_.end()) return 0;
    check(best->state.size() == state.size(), "states of one model are alike");
    std::ranges::copy(best->state, state.begin());
    snapshots_.splice(snapshots_.begin(), snapshots_, best);
    return best->tokens.size();
}

void Snapshots::remember(std::span<const int32_t> tokens, std::span<const float> state,
                         uint64_t root) {
    auto known = std::ranges::find_if(snapshots_, [&](const Snapshot& snapshot) {
        return snapshot.root == root && std::ranges::equal(snapshot.tokens, tokens);
    });
    if (known != snapshots_.end()) {
        snapshots_.splice(snapshots_.begin(), snapshots_, known);
        return;
    }
    if (count_max_ == 0) return;
    if (snapshots_.size() == count_max_) snapshots_.pop_back();
    snapshots_.push_front({root, {tokens.begin(), tokens.end()}, {state.begin(), state.end()}});
}

}  // namespace linnet
