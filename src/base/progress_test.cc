#include "base/progress.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

class Rate : public ::testing::Test {
  protected:
    // Bytes arrive evenly at that rate for some seconds, reported every `step_s`.
    void flow(double per_second, double seconds, double step_s) {
        double end = clock.now_s() + seconds;
        while (clock.now_s() < end - step_s / 2) {
            clock.sleep_s(step_s);
            done += per_second * step_s;
            meter.at(static_cast<uint64_t>(done));
        }
    }
    ManualClock clock;
    RateMeter meter{clock};
    double done = 0;
};

TEST_F(Rate, IsUnknownAtFirst) {
    EXPECT_EQ(meter.per_second(), 0);
    EXPECT_EQ(meter.seconds_left(), std::nullopt);
    meter.begin(0, 1000);
    EXPECT_EQ(meter.per_second(), 0);
    EXPECT_EQ(meter.seconds_left(), std::nullopt);
    meter.at(500);
    EXPECT_EQ(meter.per_second(), 0) << "no time has passed";
}

TEST_F(Rate, TellsRateAndTimeLeft) {
    meter.begin(0, 10'000);
    flow(1000, 4, 0.25);
    EXPECT_NEAR(meter.per_second(), 1000, 1);
    EXPECT_NEAR(*meter.seconds_left(), 6, 0.1);
    EXPECT_NEAR(meter.elapsed_s(), 4, 1e-9);
    flow(1000, 6, 0.25);
    EXPECT_EQ(*meter.seconds_left(), 0);
}

TEST_F(Rate, CountsFromWhereAResumedStepIs) {
    done = 5000;
    meter.begin(5000, 10'000);
    flow(100, 2, 0.1);
    EXPECT_NEAR(meter.per_second(), 100, 5);
}

TEST_F(Rate, ForgetsWhatIsOlderThanItsWindow) {
    meter.begin(0, 0);
    flow(1'000'000, 20, 0.01);
    EXPECT_NEAR(meter.per_second(), 1'000'000, 20'000);
    flow(1000, 6, 0.01);
    EXPECT_NEAR(meter.per_second(), 1000, 50);
    EXPECT_EQ(meter.seconds_left(), std::nullopt) << "the total is unknown";
}

TEST_F(Rate, StaysRightWithVeryManyReports) {
    meter.begin(0, 0);
    flow(1'000'000, 10, 0.0001);
    EXPECT_NEAR(meter.per_second(), 1'000'000, 20'000);
}

TEST_F(Rate, BeginsAnew) {
    meter.begin(0, 100);
    flow(10, 5, 0.1);
    meter.begin(0, 50);
    EXPECT_EQ(meter.per_second(), 0);
    EXPECT_EQ(meter.elapsed_s(), 0);
}

}  // namespace
}  // namespace linnet
