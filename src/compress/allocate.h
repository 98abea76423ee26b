// Which of its sizes each of many things gets, so that together they fit a budget and cost least:
// the multiple-choice knapsack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace linnet {

struct SizeChoice {
    uint64_t bytes;
    double cost;
};

// The place of the choice for each item; nothing where even the smallest do not fit. Solved on a
// grid of sizes, 1/20000 of the range between all smallest and all largest, then what is left over
// is given out byte by byte. REQUIRES: every item has a choice, at most 255.
std::optional<std::vector<size_t>> allocate(std::span<const std::vector<SizeChoice>> items,
                                            uint64_t budget);

}  // namespace linnet
