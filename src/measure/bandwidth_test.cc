#include "measure/bandwidth.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"

namespace linnet {
namespace {

TEST(Bandwidth, IsMeasuredForEachNumberOfThreads) {
    SystemClock clock;
    Cancel cancel;
    auto bandwidth = testing::must(measure_bandwidth(
        {.threads_max = 3, .cache_bytes = 1 << 20, .memory_usable = 160 << 20, .seconds_max = 0.05},
        clock, cancel));
    EXPECT_EQ(bandwidth.buffer_bytes, 40u << 20) << "a quarter of what is free";
    EXPECT_TRUE(bandwidth.beyond_caches);
    ASSERT_EQ(bandwidth.points.size(), 3u);
    for (size_t i = 0; i < 3; i++) {
        EXPECT_EQ(bandwidth.points[i].threads, i + 1);
        EXPECT_GT(bandwidth.points[i].bytes_per_second, 1e6);
        EXPECT_LT(bandwidth.points[i].bytes_per_second, 1e14);
    }
    EXPECT_GE(bandwidth.threads_enough(), 1u);
    EXPECT_LE(bandwidth.threads_enough(), 3u);
}

TEST(Bandwidth, SaysWhenTheCachesAreTooLargeToTell) {
    SystemClock clock;
    Cancel cancel;
    auto bandwidth = testing::must(measure_bandwidth({.threads_max = 1,
                                                      .cache_bytes = 1ull << 40,
                                                      .memory_usable = 130 << 20,
                                                      .seconds_max = 0.01},
                                                     clock, cancel));
    EXPECT_FALSE(bandwidth.beyond_caches);
}

TEST(Bandwidth, RefusesWithoutMemoryAndStopsWhenTold) {
    SystemClock clock;
    Cancel cancel;
    testing::expect_refused(measure_bandwidth({.memory_usable = 100 << 20}, clock, cancel),
                            Code::NoFit, "too few to measure");
    cancel.request();
    testing::expect_refused(measure_bandwidth({.memory_usable = 200 << 20}, clock, cancel),
                            Code::Interrupted, "interrupted");
}

TEST(Bandwidth, KnowsHowManyThreadsAreEnough) {
    Bandwidth bandwidth;
    EXPECT_EQ(bandwidth.best(), 0);
    EXPECT_EQ(bandwidth.threads_enough(), 0u);
    bandwidth.points = {{1, 20e9}, {2, 37e9}, {3, 40e9}, {4, 39e9}};
    EXPECT_EQ(bandwidth.best(), 40e9);
    EXPECT_EQ(bandwidth.threads_enough(), 2u);
}

}  // namespace
}  // namespace linnet
