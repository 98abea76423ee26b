#include "compress/allocate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace linnet {
namespace {

using Items = std::vector<std::vector<SizeChoice>>;

double cost_of(const Items& items, const std::vector<size_t>& chosen) {
    double sum = 0;
    for (size_t i = 0; i < items.size(); i++) sum += items[i][chosen[i]].cost;
    return sum;
}

uint64_t bytes_of(const Items& items, const std::vector<size_t>& chosen) {
    uint64_t sum = 0;
    for (size_t i = 0; i < items.size(); i++) sum += items[i][chosen[i]].bytes;
    return sum;
}

// Every combination.
double least_cost(const Items& items, uint64_t budget, size_t from = 0) {
    if (from == items.size()) return 0;
    double best = std::numeric_limits<double>::infinity();
    for (const SizeChoice& choice : items[from])
        if (choice.bytes <= budget)
            best = std::min(best, choice.cost + least_cost(items, budget - choice.bytes, from + 1));
    return best;
}

RC_GTEST_PROP(Allocate, FindsTheCheapest, ()) {
    Items items(*rc::gen::inRange<size_t>(1, 6));
    for (auto& item : items) {
        item.resize(*rc::gen::inRange<size_t>(1, 5));
        for (SizeChoice& choice : item)
            choice = {*rc::gen::inRange<uint64_t>(0, 1000), double(*rc::gen::inRange(0, 1000))};
    }
    const uint64_t budget = *rc::gen::inRange<uint64_t>(0, 5000);
    auto chosen = allocate(items, budget);
    const double expected = least_cost(items, budget);
    RC_ASSERT(chosen.has_value() == (expected < 1e9));
    if (!chosen) return;
    RC_ASSERT(bytes_of(items, *chosen) <= budget);
    RC_ASSERT(cost_of(items, *chosen) == expected);  // sizes are whole steps here
}

TEST(Allocate, LeavesLittleOfALargeBudget) {
    Items items;
    for (uint64_t i = 0; i < 200; i++) {
        items.emplace_back();
        for (uint64_t bits : {9, 10, 12, 17})
            items.back().push_back(
                {(i % 7 + 1) * 3456 * bits, 100.0 * double(i % 5 + 1) / double(bits * bits)});
    }
    double before = 1e9;
    for (uint64_t budget = 28'000'000; budget < 46'000'000; budget += 3'333'333) {
        auto chosen = allocate(items, budget);
        ASSERT_TRUE(chosen);
        EXPECT_LE(bytes_of(items, *chosen), budget);
        EXPECT_GT(bytes_of(items, *chosen), budget - budget / 1000);
        EXPECT_LT(cost_of(items, *chosen), before);
        before = cost_of(items, *chosen);
    }
    EXPECT_FALSE(allocate(items, 1'000'000));
}

}  // namespace
}  // namespace linnet
