#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/cancel.h"

namespace linnet {
namespace {

TEST(Clock, TheSystemsGoesOn) {
    SystemClock clock;
    double before = clock.now_s();
    clock.sleep_s(0.001);
    clock.sleep_s(-1);
    EXPECT_GE(clock.now_s(), before + 0.001);
    EXPECT_GT(clock.wall_s(), 1'700'000'000);
}

TEST(Clock, AManualOneStandsStillUntilTold) {
    ManualClock clock;
    EXPECT_EQ(clock.now_s(), 0);
    clock.sleep_s(90.5);
    EXPECT_EQ(clock.now_s(), 90.5);
    EXPECT_EQ(clock.wall_s(), 90);
}

TEST(Cancel, StaysRequestedUntilReset) {
    Cancel cancel;
    EXPECT_TRUE(cancel.check());
    cancel.request();
    EXPECT_TRUE(cancel.requested());
    EXPECT_EQ(cancel.check().error().code, Code::Interrupted);
    cancel.reset();
    EXPECT_TRUE(cancel.check());
}

}  // namespace
}  // namespace linnet
