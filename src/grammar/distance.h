// How far it is from each node of a grammar to the end of its rule, by the shortest way.
#pragma once

#include <span>
#include <vector>

#include "grammar/grammar.h"

namespace linnet {

inline constexpr uint32_t no_way = 1'000'000'000;  // sums of distances end here

inline uint32_t add_distances(uint64_t a, uint64_t b) {
    return static_cast<uint32_t>(a + b < no_way ? a + b : no_way);
}
inline uint32_t times_distance(uint64_t times, uint64_t distance) {
    return times != 0 && distance >= no_way / times ? no_way
                                                    : static_cast<uint32_t>(times * distance);
}

// A way of length 1 that is no edge.
struct Shortcut {
    uint32_t from, to;
};

// An edge counts 1 if one of `usable` can take it. Knuth's generalization of Dijkstra's algorithm
// (1977): a call costs what the called rule costs, so nodes are settled in the order of distance.
std::vector<uint32_t> distances(const Grammar& grammar, const ByteSet& usable,
                                std::span<const Shortcut> shortcuts);

}  // namespace linnet
