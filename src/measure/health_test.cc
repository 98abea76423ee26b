#include "measure/health.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

std::vector<Finding> findings(const RecordedTree& recorded) {
    return examine(read_machine(recorded.tree()));
}

// "warning memory: only 1 GB …": what is not ok, in order.
std::vector<std::string> complaints(const std::vector<Finding>& findings) {
    std::vector<std::string> out;
    for (const Finding& finding : findings)
        if (finding.health != Health::Ok)
            out.push_back(cat(health_name(finding.health), " ", finding.area, ": ", finding.what));
    return out;
}

std::string said(const std::vector<Finding>& findings, std::string_view area) {
    for (const Finding& finding : findings)
        if (finding.area == area) return finding.what;
    return "";
}

using Lines = std::vector<std::string>;

TEST(Health, OfALaptop) {
    auto found = findings(RecordedTree("laptop"));
    EXPECT_EQ(complaints(found), Lines{});
    EXPECT_EQ(worst(found), Health::Ok);
    EXPECT_EQ(said(found, "processor"), "12th Gen Intel(R) Core(TM) i7-1260P");
    EXPECT_EQ(said(found, "threads"), "16 threads will be used");
    EXPECT_EQ(said(found, "memory"), "16.5 GB, of which 9.7 GB are free for a model");
    EXPECT_EQ(said(found, "temperature"), "coretemp Package id 0 is at 53 °C");
    EXPECT_EQ(said(found, "power"), "BAT0 discharging at 64 %, 5h 00m left");
    EXPECT_EQ(said(found, "energy"), "measured by psys, of the machine");
}

TEST(Health, OfARaspberryPi) {
    RecordedTree pi("pi5");
    EXPECT_EQ(complaints(findings(pi)),
              Lines{"warning power: the supply voltage was too low at some time since the start"});
    pi.put("sys/devices/platform/soc/soc:firmware/get_throttled", "d000d");
    pi.put("sys/class/thermal/thermal_zone0/temp", "107000");
    EXPECT_EQ(complaints(findings(pi)),
              (Lines{"problem temperature: cpu-thermal is at 107 °C, near its critical 110 °C",
                     "warning temperature: the firmware holds the processor back because it is too "
                     "warm",
                     "problem power: the supply voltage is too low, so the processor is held "
                     "back"}));
    EXPECT_EQ(worst(findings(pi)), Health::Problem);
}

TEST(Health, OfAVirtualMachineWithoutSensors) {
    auto found = findings(RecordedTree("vm"));
    EXPECT_EQ(complaints(found),
              (Lines{"warning processor: the host gave 10 % of this machine's time to others",
                     "warning memory: only 419.8 MB of memory are free",
                     "warning memory: huge pages are switched off, which makes reading a model "
                     "slower"}));
    EXPECT_EQ(said(found, "temperature"), "this machine does not tell its temperature");
    EXPECT_EQ(said(found, "energy"), "this machine does not tell its energy");
    EXPECT_EQ(said(found, "power"), "no battery");
}

TEST(Health, OfAContainerThatIsShortOfEverything) {
    auto found = findings(RecordedTree("container"));
    EXPECT_EQ(
        complaints(found),
        (Lines{"warning processor: the powersave governor keeps the processor at its lowest "
               "frequency",
               "warning processor: the frequency is limited to 2.0 GHz of 3.2 GHz",
               "warning threads: the control group pays for 1.5 of 64 processors; linnet uses 1 "
               "thread",
               "warning threads: other work keeps the processors busy: for 38 % of the last minute "
               "something waited for one",
               "warning memory: only 421.9 MB of memory are free within the control group's limit",
               "problem memory: memory is too short: for 7.2 % of the last minute everything "
               "waited for it"}));
    for (const Finding& finding : found)
        EXPECT_EQ(finding.fix.empty(), finding.health == Health::Ok) << finding.what;
}

TEST(Health, NamesTheCommandThatOpensACounter) {
    Machine machine;
    machine.energy.push_back({"package-0", EnergyKind::Counter, Covers::Processor, Access::Denied,
                              "sys/class/powercap/intel-rapl:0/energy_uj"});
    auto found = examine(machine);
    EXPECT_EQ(said(found, "energy"), "the energy counter package-0 is there but may not be read");
    EXPECT_EQ(found.back().fix,
              "sudo chmod a+r /sys/class/powercap/intel-rapl:0/energy_uj (until the next start)");
    machine.energy[0].kind = EnergyKind::Event;
    EXPECT_NE(examine(machine).back().fix.find("perf_event_paranoid"), std::string::npos);
    machine.energy.push_back(
        {"BAT0", EnergyKind::Battery, Covers::Machine, Access::Readable, "BAT0"});
    EXPECT_EQ(complaints(examine(machine)), Lines{}) << "the battery tells";
}

TEST(Health, OfBatteriesAndSwap) {
    RecordedTree laptop("laptop");
    laptop.put("sys/class/power_supply/BAT0/capacity", "9");
    laptop.put("sys/class/hwmon/hwmon4/temp1_crit", "");
    laptop.put("sys/class/hwmon/hwmon4/temp1_input", "98000");
    laptop.put("sys/devices/system/cpu/intel_pstate/no_turbo", "1");
    laptop.put("proc/pressure/memory", "some avg10=0 avg60=12\nfull avg10=0 avg60=1\n");
    EXPECT_EQ(
        complaints(findings(laptop)),
        (Lines{"warning processor: the processor's boost is switched off",
               "warning memory: memory is short: for 12 % of the last minute something "
               "waited for it",
               "warning temperature: coretemp Package id 0 is at 98 °C, near its limit of 100 "
               "°C",
               "warning power: BAT0 is at 9 %"}));
    laptop.remove("proc/pressure");
    laptop.put("proc/meminfo",
               "MemTotal: 16000000 kB\nMemAvailable: 1000000 kB\nSwapTotal: 4000000 kB\n");
    EXPECT_EQ(said(findings(laptop), "memory"),
              "memory is short, and half of the swap space is taken");
}

TEST(Health, OfAnEmptyTreeAndOfThisMachine) {
    auto empty = findings(RecordedTree());
    EXPECT_EQ(complaints(empty), Lines{});
    EXPECT_EQ(empty.size(), 6u);
    EXPECT_GE(examine(read_machine(Tree())).size(), 6u);
}

TEST(Health, OfDisks) {
    EXPECT_EQ(examine_disk("/x", 5'000'000'000).health, Health::Ok);
    EXPECT_EQ(examine_disk("/x", 1'999'999'999).health, Health::Warning);
    Finding full = examine_disk("/a\nb", 100);
    EXPECT_EQ(full.health, Health::Problem);
    EXPECT_EQ(full.what, "100 B are free for models in /a\\x0Ab");
    EXPECT_NE(full.fix, "");
}

// Whatever stands in the files, or in place of them: no crash, no number that is none, and nothing
// that steers a terminal.
RC_GTEST_PROP(Health, SurvivesNonsense, ()) {
    RecordedTree recorded(*rc::gen::element<std::string>("laptop", "pi5", "container", "phone"));
    auto files = recorded.files();
    auto hits = *rc::gen::inRange<size_t>(1, 40);
    for (size_t i = 0; i < hits; i++) {
        Path file = files[*rc::gen::inRange<size_t>(0, files.size())];
        auto nonsense = *rc::gen::element<std::string>(
            "", "\n", "-1", "0", "99999999999999999999999999", "18446744073709551615",
            "-9223372036854775808", "nan", "1e999", "0x", "0-65535", "0,0,0", "a-b", "\x1b[2J",
            "\xff\xfe", "[", "0::/../../../..", std::string(100'000, '7'), std::string(50, '\n'),
            std::string("\0\0\0", 3), "some avg10=", "cpu 1 2 3", "processor:\nCPU part: 0x");
        if (*rc::gen::inRange(0, 8) == 0) {
            std::filesystem::remove_all(file);
            std::error_code occupied;
            std::filesystem::create_directory(file, occupied);
        } else if (!std::filesystem::is_directory(file)) {
            recorded.put(file.lexically_relative(recorded.root()).string(), nonsense);
        }
    }
    Tree tree = recorded.tree();
    Machine machine = read_machine(tree);
    for (const Finding& finding : examine(machine))
        RC_ASSERT(printable(finding.what) == finding.what);
    for (const Battery& battery : machine.batteries)
        RC_ASSERT(std::isfinite(battery.hours_left.value_or(0)));
    ManualClock clock;
    EnergyMeter meter = EnergyMeter::of(tree, clock);
    clock.sleep_s(1);
    meter.sample();
    RC_ASSERT(std::isfinite(meter.joules()) && meter.joules() >= 0);
    RC_ASSERT(machine.budget.threads >= 1u);
    RC_ASSERT(machine.memory.usable() <= machine.memory.total);
}

}  // namespace
}  // namespace linnet
