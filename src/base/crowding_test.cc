#include "base/crowding.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

// Steps of 5 ms; `stalled` tells what share of one worker's time a step with so many loses.
template <class Stalled>
size_t run_for(Crowding& crowding, double& now_s, double seconds, Stalled stalled) {
    constexpr double step_s = 0.005;
    size_t steps_of_all = 0;
    for (double end_s = now_s + seconds; now_s < end_s;) {
        size_t workers = crowding.workers(now_s);
        steps_of_all += workers == 8;
        now_s += step_s;
        crowding.observe(now_s, step_s, step_s * stalled(workers));
    }
    return steps_of_all;
}

TEST(Crowding, TakesAllWorkersWhereNoneIsLate) {
    Crowding crowding(8);
    double now_s = 100;
    EXPECT_GE(run_for(crowding, now_s, 1, [](size_t) { return 0.1; }), 200u);
}

TEST(Crowding, TakesHalfAsManyUntilNoneIsLate) {
    Crowding crowding(8);
    double now_s = 0;
    run_for(crowding, now_s, 0.06, [](size_t workers) { return workers > 2 ? 7.0 : 0; });
    EXPECT_EQ(crowding.workers(now_s), 2u);
}

TEST(Crowding, TriesAllAgainEverMoreSeldom) {
    Crowding crowding(8);
    double now_s = 0;
    auto crowded = [](size_t workers) { return static_cast<double>(workers - 1); };
    size_t early = run_for(crowding, now_s, 2, crowded);
    run_for(crowding, now_s, 20, crowded);
    size_t late = run_for(crowding, now_s, 20, crowded);
    EXPECT_GT(early, 0u);
    EXPECT_GT(late, 0u);
    EXPECT_LT(late, 2 * early);
}

TEST(Crowding, RecoversWhenTheMachineIsFree) {
    Crowding crowding(8);
    double now_s = 0;
    run_for(crowding, now_s, 30, [](size_t workers) { return static_cast<double>(workers - 1); });
    auto free = [](size_t) { return 0.0; };
    run_for(crowding, now_s, 6, free);
    EXPECT_EQ(crowding.workers(now_s), 8u);
    EXPECT_GE(run_for(crowding, now_s, 1, free), 200u);
}

TEST(Crowding, OneWorkerIsNeverTooMany) {
    Crowding crowding(1);
    crowding.observe(1, 1, 1);
    EXPECT_EQ(crowding.workers(1), 1u);
}

}  // namespace
}  // namespace linnet
