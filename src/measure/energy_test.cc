#include "measure/energy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure/power_event.h"
#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

const EnergySource* named(const std::vector<EnergySource>& sources, std::string_view name) {
    for (const EnergySource& source : sources)
        if (source.name == name) return &source;
    return nullptr;
}

std::vector<std::string> names(const std::vector<EnergySource>& sources) {
    std::vector<std::string> out;
    for (const EnergySource& source : sources) out.push_back(source.name);
    return out;
}

TEST(Energy, OfALaptop) {
    RecordedTree laptop("laptop");
    auto all = find_energy_sources(laptop.tree());
    EXPECT_EQ(names(all), (std::vector<std::string>{"package-0", "core", "uncore", "psys",
                                                    "energy-pkg", "BAT0"}))
        << "the package once, although it shows twice";
    EXPECT_EQ(named(all, "package-0")->covers, Covers::Processor);
    EXPECT_EQ(named(all, "core")->covers, Covers::Part);
    EXPECT_EQ(named(all, "energy-pkg")->access, Access::Absent) << "only of the machine itself";
    EXPECT_EQ(names(choose_sources(all)), std::vector<std::string>{"psys"});
    laptop.remove("sys/class/powercap/intel-rapl:1");
    EXPECT_EQ(names(choose_sources(find_energy_sources(laptop.tree()))),
              std::vector<std::string>{"package-0"});
    laptop.put("sys/class/powercap/intel-rapl:0:2/name", "dram");
    laptop.put("sys/class/powercap/intel-rapl:0:2/energy_uj", "1");
    EXPECT_EQ(names(choose_sources(find_energy_sources(laptop.tree()))),
              (std::vector<std::string>{"package-0", "dram"}));
    laptop.remove("sys/class/powercap");
    EXPECT_EQ(names(choose_sources(find_energy_sources(laptop.tree()))),
              std::vector<std::string>{"BAT0"});
    laptop.put("sys/class/power_supply/BAT0/status", "Full");
    EXPECT_TRUE(choose_sources(find_energy_sources(laptop.tree())).empty());
}

TEST(Energy, OfBoards) {
    auto all = find_energy_sources(RecordedTree("phone").tree());
    EXPECT_EQ(names(all),
              (std::vector<std::string>{"ina3221 VDD_IN", "ina3221 VDD_CPU", "ina226"}));
    EXPECT_EQ(named(all, "ina3221 VDD_CPU")->covers, Covers::Part);
    EXPECT_EQ(names(choose_sources(all)), std::vector<std::string>{"ina226"})
        << "one sensor, and it multiplies by itself";
    EXPECT_TRUE(find_energy_sources(RecordedTree("vm").tree()).empty());
    EXPECT_TRUE(find_energy_sources(RecordedTree("pi5").tree()).empty());
}

TEST(Energy, ThereAreNotTooMany) {
    RecordedTree recorded;
    for (size_t i = 0; i < energy_sources_max + 5; i++)
        recorded.put(cat("sys/class/powercap/intel-rapl:", i, "/energy_uj"), "1");
    EXPECT_EQ(find_energy_sources(recorded.tree()).size(), energy_sources_max);
}

TEST(Energy, DeniedCountersAreListedAndNotChosen) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become nobody for a moment";
    RecordedTree laptop("laptop");
    std::string counter = (laptop.root() / "sys/class/powercap/intel-rapl:1/energy_uj").string();
    ASSERT_EQ(::chmod(laptop.root().c_str(), 0755), 0);
    ASSERT_EQ(::chmod(counter.c_str(), 0400), 0);
    ASSERT_EQ(::seteuid(65534), 0);
    auto all = find_energy_sources(laptop.tree());
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(named(all, "psys")->access, Access::Denied);
    EXPECT_EQ(names(choose_sources(all)), std::vector<std::string>{"package-0"});
}

class Meter : public ::testing::Test {
  protected:
    void counter(uint64_t microjoules) {
        recorded.put("sys/class/powercap/intel-rapl:0/energy_uj", cat(microjoules, "\n"));
    }
    void package(uint64_t microjoules, uint64_t wrap) {
        recorded.put("sys/class/powercap/intel-rapl:0/name", "package-0\n");
        recorded.put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", cat(wrap, "\n"));
        counter(microjoules);
    }
    void after(double seconds, EnergyMeter& meter) {
        clock.sleep_s(seconds);
        meter.sample();
    }
    RecordedTree recorded;
    ManualClock clock;
    Tree tree = recorded.tree();
};

TEST_F(Meter, AddsACounterThatComesRound) {
    package(9'000'000, 10'000'000);
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    ASSERT_TRUE(meter.works());
    EXPECT_EQ(meter.source(), "package-0 (processor)");
    counter(9'500'000);
    after(1, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 0.5);
    counter(500'000);
    after(1, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 1.5) << "9.5 to 10, then 0 to 0.5";
    EXPECT_EQ(meter.seconds(), 2);
}

TEST_F(Meter, LeavesOutWhatCannotBe) {
    package(5'000'000, 0);
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    counter(1'000'000);  // reset, with no known end
    after(1, meter);
    EXPECT_EQ(meter.joules(), 0);
    counter(900'000'000'000'000);  // 900 MJ in a second
    after(1, meter);
    EXPECT_EQ(meter.joules(), 0);
    recorded.put("sys/class/powercap/intel-rapl:0/energy_uj", "broken");
    after(1, meter);
    counter(2'000'000);
    after(1, meter);
    EXPECT_EQ(meter.joules(), 0) << "nothing to compare with";
    counter(3'000'000);
    after(1, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 1);
    recorded.remove("sys/class/powercap");
    after(1, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 1);
}

TEST_F(Meter, IntegratesPower) {
    recorded.put("sys/class/hwmon/hwmon0/name", "ina226");
    recorded.put("sys/class/hwmon/hwmon0/power1_input", "4000000");
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    EXPECT_EQ(meter.source(), "ina226 (machine)");
    recorded.put("sys/class/hwmon/hwmon0/power1_input", "6000000");
    after(2, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 10) << "5 W on average";
    recorded.put("sys/class/hwmon/hwmon0/power1_input", "-1");
    after(1, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 16) << "the last that was known";
}

TEST_F(Meter, MultipliesVoltsAndAmperes) {
    recorded.put("sys/class/hwmon/hwmon0/name", "ina3221");
    recorded.put("sys/class/hwmon/hwmon0/in1_label", "VDD_IN");
    recorded.put("sys/class/hwmon/hwmon0/in1_input", "5000");
    recorded.put("sys/class/hwmon/hwmon0/curr1_input", "1200");
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    after(10, meter);
    EXPECT_DOUBLE_EQ(meter.joules(), 60);
}

TEST_F(Meter, WithoutSourcesSaysNothing) {
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    EXPECT_FALSE(meter.works());
    after(1, meter);
    EXPECT_EQ(meter.joules(), 0);
    EXPECT_EQ(meter.source(), "");
}

TEST(PowerEvent, IsReadFromItsDescription) {
    RecordedTree laptop("laptop");
    auto events = find_power_events(laptop.tree());
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].name, "energy-pkg");
    EXPECT_EQ(events[0].type, 29u);
    EXPECT_EQ(events[0].config, 2u);
    EXPECT_EQ(events[0].joules_per_count, 0x1p-32);
    EXPECT_EQ(events[0].cpus, std::vector<size_t>{0});
    constexpr std::string_view folder = "sys/bus/event_source/devices/power/";
    for (const char* bad : {"", "event=2", "event=0x", "event=0xZZ", "event=0x2,umask=0x1"}) {
        laptop.put(cat(folder, "events/energy-pkg"), bad);
        EXPECT_TRUE(find_power_events(laptop.tree()).empty()) << bad;
    }
    for (int i = 0; i < 40; i++) {
        laptop.put(cat(folder, "events/energy-", i), "event=0x1");
        laptop.put(cat(folder, "events/energy-", i, ".scale"), "0.5");
        laptop.put(cat(folder, "events/energy-", i, ".unit"), "Joules");
    }
    EXPECT_EQ(find_power_events(laptop.tree()).size(), power_events_max);
    EXPECT_FALSE(OpenPowerEvent::open(laptop.tree(), "energy-1"));
}

}  // namespace
}  // namespace linnet
