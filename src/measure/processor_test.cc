#include "measure/processor.h"

#include <gtest/gtest.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

struct Expected {
    std::string name;
    size_t threads, cores;
    uint64_t mhz;
};

void expect_classes(const Processor& processor, const std::vector<Expected>& expected) {
    ASSERT_EQ(processor.classes.size(), expected.size());
    for (size_t i = 0; i < expected.size(); i++) {
        const CoreClass& actual = processor.classes[i];
        EXPECT_EQ(actual.name, expected[i].name);
        EXPECT_EQ(actual.threads, expected[i].threads) << actual.name;
        EXPECT_EQ(actual.cores, expected[i].cores) << actual.name;
        EXPECT_EQ(actual.hz_max.value_or(0), expected[i].mhz * 1'000'000) << actual.name;
    }
}

TEST(Processor, OfAHybridLaptop) {
    Processor laptop = read_processor(RecordedTree("laptop").tree());
    EXPECT_EQ(laptop.machine, "LENOVO 21CB001UGE");
    EXPECT_EQ(laptop.name, "12th Gen Intel(R) Core(TM) i7-1260P");
    EXPECT_FALSE(laptop.is_virtual);
    expect_classes(laptop, {{"performance", 8, 4, 4700}, {"efficiency", 8, 8, 3400}});
    EXPECT_EQ(laptop.cores(), 12u);
    ASSERT_EQ(laptop.caches.size(), 3u);
    EXPECT_EQ(laptop.caches[0].bytes, 1280u * 1024);
    EXPECT_EQ(laptop.caches[0].count, 4u);
    EXPECT_EQ(laptop.caches[1].bytes, 2048u * 1024);
    EXPECT_EQ(laptop.caches[1].count, 2u);
    EXPECT_EQ(laptop.caches[2].level, 3u);
    EXPECT_EQ(laptop.caches[2].count, 1u);
    EXPECT_EQ(laptop.cache_bytes(), (4 * 1280u + 2 * 2048u + 18432u) * 1024);
    EXPECT_EQ(laptop.frequency.governor, "powersave");
    EXPECT_EQ(laptop.frequency.driver, "intel_pstate");
    EXPECT_EQ(laptop.frequency.hz_now, 1'400'000'000u);
    EXPECT_FALSE(laptop.frequency.boost_off);
    EXPECT_EQ(laptop.stolen, 0.0);
}

TEST(Processor, OfARaspberryPi) {
    Processor pi = read_processor(RecordedTree("pi5").tree());
    EXPECT_EQ(pi.machine, "Raspberry Pi 5 Model B Rev 1.0");
    EXPECT_EQ(pi.name, "4 x Cortex-A76");
    expect_classes(pi, {{"Cortex-A76", 4, 4, 2400}});
    EXPECT_EQ(pi.cache_bytes(), 4u << 20);
    EXPECT_EQ(pi.stolen, std::nullopt);
}

TEST(Processor, OfAVirtualMachine) {
    Processor vm = read_processor(RecordedTree("vm").tree());
    EXPECT_TRUE(vm.is_virtual);
    EXPECT_EQ(vm.machine, "Amazon EC2 c7a.medium");
    expect_classes(vm, {{"", 2, 1, 0}});
    EXPECT_EQ(vm.frequency.governor, "");
    EXPECT_EQ(vm.frequency.hz_max, std::nullopt);
    EXPECT_EQ(vm.stolen, 0.1);
}

TEST(Processor, WithThreeKindsOfCores) {
    Processor phone = read_processor(RecordedTree("phone").tree());
    EXPECT_EQ(phone.machine, "A board of three kinds of cores");
    EXPECT_EQ(phone.name, "1 x Cortex-X2 + 3 x Cortex-A710 + 4 x Cortex-A510");
    expect_classes(
        phone,
        {{"Cortex-X2", 1, 1, 3000}, {"Cortex-A710", 3, 3, 2500}, {"Cortex-A510", 4, 4, 1800}});
}

TEST(Processor, TellsUnknownKindsApartByTheirCapacity) {
    RecordedTree recorded;
    recorded.put("sys/devices/system/cpu/online", "0-3");
    for (int cpu = 0; cpu < 4; cpu++)
        recorded.put(cat("sys/devices/system/cpu/cpu", cpu, "/cpu_capacity"),
                     cpu < 2 ? "1024" : "400");
    expect_classes(read_processor(recorded.tree()), {{"big", 2, 2, 0}, {"little", 2, 2, 0}});
}

// The best cores of one make may be a few percent faster; that makes no kind.
TEST(Processor, FavouredCoresAreNoKind) {
    RecordedTree recorded;
    recorded.put("sys/devices/system/cpu/online", "0-3");
    for (int cpu = 0; cpu < 4; cpu++)
        recorded.put(cat("sys/devices/system/cpu/cpu", cpu, "/cpufreq/cpuinfo_max_freq"),
                     cpu == 2 ? "5200000" : "5000000");
    expect_classes(read_processor(recorded.tree()), {{"", 4, 4, 5200}});
}

TEST(Processor, OfThisMachineIsThere) {
    Processor here = read_processor(Tree());
    EXPECT_GE(here.cores(), 1u);
    EXPECT_EQ(read_processor(RecordedTree().tree()).cores(), 0u) << "an empty tree tells nothing";
}

}  // namespace
}  // namespace linnet
