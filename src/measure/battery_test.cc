#include "measure/battery.h"

#include <gtest/gtest.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

TEST(Battery, OfALaptop) {
    auto batteries = read_batteries(RecordedTree("laptop").tree());
    ASSERT_EQ(batteries.size(), 1u) << "the mouse's does not count";
    EXPECT_EQ(batteries[0].name, "BAT0");
    EXPECT_TRUE(batteries[0].discharging());
    EXPECT_EQ(batteries[0].percent, 64);
    EXPECT_EQ(batteries[0].watts, 6.7);
    EXPECT_EQ(batteries[0].hours_left, 5);
    EXPECT_TRUE(read_batteries(RecordedTree("vm").tree()).empty());
}

TEST(Battery, ThatCountsCharge) {
    RecordedTree recorded;
    auto put = [&](const char* name, const char* value) {
        recorded.put(cat("sys/class/power_supply/BAT1/", name), value);
    };
    put("type", "Battery\n");
    put("status", "Discharging\n");
    put("capacity", "101\n");
    put("charge_now", "2000000\n");
    put("current_now", "-500000\n");
    put("voltage_now", "12000000\n");
    auto batteries = read_batteries(recorded.tree());
    ASSERT_EQ(batteries.size(), 1u);
    EXPECT_EQ(batteries[0].percent, std::nullopt);
    EXPECT_EQ(batteries[0].watts, 6) << "some drivers give what flows out a sign";
    EXPECT_EQ(batteries[0].hours_left, 4);
    put("status", "Charging\n");
    EXPECT_EQ(read_batteries(recorded.tree())[0].hours_left, std::nullopt);
    put("present", "0\n");
    EXPECT_TRUE(read_batteries(recorded.tree()).empty());
}

TEST(Battery, ThereAreNotTooMany) {
    RecordedTree recorded;
    for (int i = 0; i < 20; i++)
        recorded.put(cat("sys/class/power_supply/BAT", i, "/type"), "Battery");
    EXPECT_EQ(read_batteries(recorded.tree()).size(), batteries_max);
}

}  // namespace
}  // namespace linnet
