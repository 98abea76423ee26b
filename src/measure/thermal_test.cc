#include "measure/thermal.h"

#include <gtest/gtest.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

TEST(Temperatures, OfALaptop) {
    auto temperatures = read_temperatures(RecordedTree("laptop").tree());
    ASSERT_EQ(temperatures.size(), 2u);
    EXPECT_EQ(temperatures[0].name, "x86_pkg_temp");
    EXPECT_EQ(temperatures[0].celsius, 52);
    EXPECT_EQ(temperatures[0].limit, std::nullopt) << "a trip point at 0 is none";
    EXPECT_EQ(temperatures[1].name, "coretemp Package id 0");
    EXPECT_EQ(temperatures[1].celsius, 53);
    EXPECT_EQ(temperatures[1].limit, 100);
    EXPECT_EQ(temperatures[1].critical, 100);
}

TEST(Temperatures, OfARaspberryPi) {
    auto temperatures = read_temperatures(RecordedTree("pi5").tree());
    ASSERT_EQ(temperatures.size(), 2u);
    EXPECT_EQ(temperatures[0].name, "cpu-thermal");
    EXPECT_EQ(temperatures[0].celsius, 58.6);
    EXPECT_EQ(temperatures[0].critical, 110);
    EXPECT_EQ(temperatures[0].limit, std::nullopt) << "a fan that starts is no limit";
}

TEST(Temperatures, LeavesOutWhatCannotBe) {
    RecordedTree recorded;
    auto zone = [&](int number, const char* value) {
        recorded.put(cat("sys/class/thermal/thermal_zone", number, "/temp"), value);
    };
    zone(0, "-274000");
    zone(1, "999999999999999999999");
    zone(2, "warm");
    zone(3, "");
    zone(4, "41000");
    auto temperatures = read_temperatures(recorded.tree());
    ASSERT_EQ(temperatures.size(), 1u);
    EXPECT_EQ(temperatures[0].name, "?");
    for (int number = 5; number < 100; number++) zone(number, "20000");
    EXPECT_EQ(read_temperatures(recorded.tree()).size(), temperatures_max);
}

TEST(Throttling, OfARaspberryPi) {
    RecordedTree pi("pi5");
    auto throttling = read_throttling(pi.tree());
    ASSERT_TRUE(throttling);
    EXPECT_FALSE(throttling->under_voltage);
    EXPECT_FALSE(throttling->throttled);
    EXPECT_TRUE(throttling->under_voltage_seen);
    EXPECT_TRUE(throttling->throttled_seen);
    pi.put("sys/devices/platform/soc/soc:firmware/get_throttled", "8000d\n");
    throttling = read_throttling(pi.tree());
    EXPECT_TRUE(throttling->under_voltage);
    EXPECT_FALSE(throttling->capped);
    EXPECT_TRUE(throttling->throttled);
    EXPECT_TRUE(throttling->too_warm);
    EXPECT_FALSE(throttling->under_voltage_seen);
    EXPECT_TRUE(throttling->throttled_seen);
    pi.remove("sys/devices/platform/soc/soc:firmware/get_throttled");
    EXPECT_FALSE(read_throttling(pi.tree())->under_voltage);
    pi.put("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "1\n");
    EXPECT_TRUE(read_throttling(pi.tree())->under_voltage);
}

TEST(Throttling, OfOthers) {
    EXPECT_EQ(read_throttling(RecordedTree("laptop").tree())->slowed_down, 12u);
    EXPECT_FALSE(read_throttling(RecordedTree("vm").tree()));
    RecordedTree broken;
    broken.put("sys/devices/platform/soc/get_throttled", "0x5");
    EXPECT_FALSE(read_throttling(broken.tree()));
}

}  // namespace
}  // namespace linnet
