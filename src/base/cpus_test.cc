#include "base/cpus.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"

namespace linnet {
namespace {

// A tree in place of / whose files a test writes.
class Cpus : public ::testing::Test {
  protected:
    void put(const Path& relative, std::string_view text) {
        Path path = folder.path() / relative;
        testing::must(make_folders(path.parent_path()));
        testing::must(write_file_atomic(path, text));
    }
    void machine(std::string_view online, std::string_view allowed) {
        put("sys/devices/system/cpu/online", online);
        put("proc/self/status", std::string("Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t") +
                                    std::string(allowed) + "\nMems_allowed:\t1\n");
    }
    void groups(std::string_view text) { put("proc/self/cgroup", text); }
    CpuBudget budget() const { return cpu_budget(folder.path()); }
    std::optional<uint64_t> memory() const { return cgroup_memory_limit(folder.path()); }
    testing::TemporaryFolder folder;
};

TEST_F(Cpus, ReadsListsOfProcessors) {
    using List = std::vector<size_t>;
    EXPECT_EQ(parse_cpu_list("0\n"), List{0});
    EXPECT_EQ(parse_cpu_list("0-2,5,7-8"), (List{0, 1, 2, 5, 7, 8}));
    EXPECT_EQ(parse_cpu_list(""), List{});
    EXPECT_EQ(parse_cpu_list("65535"), List{65535});
    for (const char* bad : {"65536", "0-65536", "0-18446744073709551615", "3-1", "a", "1,", ",1",
                            "-1", "1-", "0-1-2", "2,1", "1,1", "0-3,2-5", "0 1"})
        EXPECT_EQ(parse_cpu_list(bad), std::nullopt) << bad;
}

TEST_F(Cpus, UsesAllOfAPlainMachine) {
    machine("0-7", "0-7");
    groups("0::/user.slice\n");
    put("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
    CpuBudget all = budget();
    EXPECT_EQ(all.online, 8u);
    EXPECT_EQ(all.allowed, 8u);
    EXPECT_EQ(all.quota, std::nullopt);
    EXPECT_EQ(all.threads, 8u);
    EXPECT_EQ(memory(), std::nullopt);
}

TEST_F(Cpus, AffinityCountsOnlyWhatIsOnline) {
    machine("0-1", "0-127");
    EXPECT_EQ(budget().allowed, 2u);
    machine("0-7", "2,4-5");
    EXPECT_EQ(budget().allowed, 3u);
    EXPECT_EQ(budget().threads, 3u);
    machine("0-7", "broken");
    EXPECT_EQ(budget().allowed, 8u);
    machine("0-1", "5");
    EXPECT_EQ(budget().threads, 1u) << "at least one";
}

TEST_F(Cpus, AsksTheKernelWhereThisMachineHasNoFiles) {
    CpuBudget here = cpu_budget();
    EXPECT_GE(here.threads, 1u);
    EXPECT_LE(here.threads, here.allowed);
    EXPECT_LE(here.allowed, here.online);
    EXPECT_EQ(budget().online, 1u) << "an empty tree tells nothing, and this machine is not asked";
}

TEST_F(Cpus, TheTightestOfNestedGroupsRules) {
    machine("0-15", "0-15");
    groups("0::/a/b/c\n");
    put("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    put("sys/fs/cgroup/a/memory.max", "8000000000\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    put("sys/fs/cgroup/a/b/c/memory.max", "2000000000\n");
    EXPECT_EQ(budget().quota, 2.5);
    EXPECT_EQ(budget().threads, 2u) << "rounded down: a thread beyond it would be stopped";
    EXPECT_EQ(memory(), 2'000'000'000u);
}

TEST_F(Cpus, AQuotaBelowOneProcessorLeavesOneThread) {
    machine("0-3", "0-3");
    groups("0::/\n");
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(budget().quota, 0.5);
    EXPECT_EQ(budget().threads, 1u);
}

// Docker with version 1 shows the host's path, which does not exist under the container's mount.
TEST_F(Cpus, ReadsVersionOneInAContainer) {
    machine("0-15", "0-15");
    groups("11:memory:/docker/4f5a\n4:cpu,cpuacct:/docker/4f5a\n1:name=systemd:/docker/4f5a\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    EXPECT_EQ(budget().quota, 3.0);
    EXPECT_EQ(memory(), 1'073'741'824u);
}

TEST_F(Cpus, ReadsVersionOneNestedAndUnderAnyName) {
    machine("0-15", "0-15");
    groups("4:cpuacct,cpu:/system.slice/x.service\n9:memory:/m\n");
    put("sys/fs/cgroup/cpu/system.slice/cpu.cfs_quota_us", "400000\n");
    put("sys/fs/cgroup/cpu/system.slice/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu/system.slice/x.service/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/system.slice/x.service/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_EQ(budget().quota, 4.0);
    EXPECT_EQ(memory(), std::nullopt) << "its word for no limit";
}

TEST_F(Cpus, PathsOfGroupsMayHoldColons) {
    machine("0-7", "0-7");
    groups("0::/kubepods.slice:cri-containerd:4f5a\n");
    put("sys/fs/cgroup/kubepods.slice:cri-containerd:4f5a/cpu.max", "200000 100000\n");
    EXPECT_EQ(budget().quota, 2.0);
}

TEST_F(Cpus, LooksUpALimitedNumberOfGroups) {
    machine("0-7", "0-7");
    std::string path, deep;
    for (int depth = 0; depth < 200; depth++) path += "/g";
    for (int depth = 0; depth < 150; depth++) deep += "/g";
    groups("0::" + path + "\n");
    put("sys/fs/cgroup" + path + "/cpu.max", "300000 100000\n");
    EXPECT_EQ(budget().quota, 3.0);
    put("sys/fs/cgroup/g/cpu.max", "100000 100000\n");
    EXPECT_EQ(budget().quota, 3.0) << "200 levels up is too far";
    put("sys/fs/cgroup" + deep + "/cpu.max", "200000 100000\n");
    EXPECT_EQ(budget().quota, 2.0) << "50 levels up is not";
    put("sys/fs/cgroup/cpu.max", "150000 100000\n");
    EXPECT_EQ(budget().quota, 1.5) << "the top is always looked at";
}

TEST_F(Cpus, TellsWhatMemoryIsLeft) {
    groups("0::/a/b\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), std::nullopt);
    put("sys/fs/cgroup/a/memory.max", "1000\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 1000u);
    put("sys/fs/cgroup/a/memory.current", "700\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 300u);
    put("sys/fs/cgroup/a/memory.stat", "anon 400\ninactive_file 250\nactive_file 50\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 550u);
    put("sys/fs/cgroup/a/b/memory.max", "600\n");
    put("sys/fs/cgroup/a/b/memory.current", "5000\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 0u);
    put("sys/fs/cgroup/a/b/memory.stat", "inactive_file 999999\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 550u) << "the tightest rules";
    groups("3:memory:/x\n");
    put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "4096\n");
    put("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "4000\n");
    put("sys/fs/cgroup/memory/x/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\n");
    EXPECT_EQ(cgroup_memory_left(folder.path()), 1096u);
}

TEST_F(Cpus, BrokenFilesLimitNothing) {
    machine("0-3", "0-3");
    groups("no colons\n:\n::\n0::/../../..\n0::/x\n4:cpu:/\n");
    for (const char* bad : {"", "\n", "max", "100000", "x y", "-1 100000", "100000 0", "0 100000",
                            "nan 100000", "1e999 1", "100000 100000 100000", "\xff\xfe"}) {
        put("sys/fs/cgroup/x/cpu.max", bad);
        EXPECT_EQ(budget().quota, std::nullopt) << bad;
        EXPECT_EQ(budget().threads, 4u);
    }
    for (const char* bad : {"", "max", "-5", "1.5", "99999999999999999999999", "lots"}) {
        put("sys/fs/cgroup/x/memory.max", bad);
        EXPECT_EQ(memory(), std::nullopt) << bad;
    }
    put("sys/fs/cgroup/x/cpu.max", "1e300 1");
    EXPECT_EQ(budget().threads, 4u) << "more than there are";
}

}  // namespace
}  // namespace linnet
