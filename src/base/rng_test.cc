#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "base/testing/data.h"

namespace linnet {
namespace {

TEST(Rng, AgreesWithAnIndependentScript) {
    std::ifstream file(testing::source_folder() / "tests/golden/rng.txt");
    ASSERT_TRUE(file);
    size_t seeds = 0;
    for (std::string line; std::getline(file, line); seeds++) {
        std::istringstream numbers(line);
        uint64_t seed = 0, expected = 0;
        numbers >> seed;
        Rng rng(seed);
        while (numbers >> expected) EXPECT_EQ(rng.next(), expected) << seed;
    }
    EXPECT_EQ(seeds, 6u);
}

TEST(Rng, ACopyContinuesOnItsOwn) {
    Rng rng(7);
    rng.next();
    Rng copy = rng;
    uint64_t next = rng.next();
    rng.next();
    EXPECT_EQ(copy.next(), next);
}

// Expected 10,000 a bucket with a deviation of 95; the seed is fixed, so this never fails by
// chance.
TEST(Rng, IsUniformBelowABound) {
    Rng rng(1);
    std::array<int, 10> buckets{};
    for (int i = 0; i < 100'000; i++) buckets.at(rng.below(10))++;
    for (int count : buckets) EXPECT_NEAR(count, 10'000, 400);
}

TEST(Rng, BelowReachesAllAndOnlyThose) {
    Rng rng(2);
    std::set<uint64_t> seen;
    for (int i = 0; i < 1000; i++) seen.insert(rng.below(7));
    EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(rng.below(1), 0u);
    // Of a bound just above half the range, a remainder would prefer the lower numbers two to one.
    constexpr uint64_t bound = (uint64_t{1} << 63) + (uint64_t{1} << 62);
    int lower = 0;
    for (int i = 0; i < 30'000; i++) lower += rng.below(bound) < bound / 3;
    EXPECT_NEAR(lower, 10'000, 350);
}

TEST(Rng, FloatsStayInRangeAndAreSpread) {
    Rng rng(3);
    double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
    constexpr int count = 100'000;
    for (int i = 0; i < count; i++) {
        double uniform = rng.uniform(), normal = rng.normal();
        ASSERT_GE(uniform, 0);
        ASSERT_LT(uniform, 1);
        ASSERT_TRUE(std::isfinite(normal));
        sum += uniform;
        squares += uniform * uniform;
        normal_sum += normal;
        normal_squares += normal * normal;
    }
    EXPECT_NEAR(sum / count, 0.5, 0.005);
    EXPECT_NEAR(squares / count, 1.0 / 3, 0.005);
    EXPECT_NEAR(normal_sum / count, 0, 0.02);
    EXPECT_NEAR(normal_squares / count, 1, 0.03);
}

}  // namespace
}  // namespace linnet
