#include "base/memory.h"

#include <gtest/gtest.h>

#include "base/testing/temporary.h"

namespace linnet {
namespace {

struct Machine {
    testing::TemporaryFolder folder;
    void write(const Path& relative, std::string_view text) {
        Path path = folder.path() / relative;
        ASSERT_TRUE(make_folders(path.parent_path()));
        ASSERT_TRUE(write_file_atomic(path, text));
    }
};

TEST(AvailableMemory, IsWhatTheKernelSaysOrTheGroupLeaves) {
    Machine machine;
    EXPECT_EQ(available_memory(machine.folder.path()), std::nullopt);
    machine.write("proc/meminfo", "MemTotal:       8000000 kB\nMemAvailable:    4000000 kB\n");
    EXPECT_EQ(available_memory(machine.folder.path()), 4096000000u);
    machine.write("proc/self/cgroup", "0::/box\n");
    machine.write("sys/fs/cgroup/box/memory.max", "1000000\n");
    EXPECT_EQ(available_memory(machine.folder.path()), 1000000u);
}

TEST(AvailableMemory, BearsNonsense) {
    Machine machine;
    machine.write("proc/meminfo",
                  "MemAvailable: kB\nMemAvailable: 99999999999999999999 kB\nMemAvailable");
    EXPECT_EQ(available_memory(machine.folder.path()), std::nullopt);
}

}  // namespace
}  // namespace linnet
