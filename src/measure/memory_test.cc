#include "measure/memory.h"

#include <gtest/gtest.h>

#include "measure/testing/recorded.h"

namespace linnet {
namespace {

using testing::RecordedTree;

TEST(Memory, OfALaptop) {
    Memory memory = read_memory(RecordedTree("laptop").tree());
    EXPECT_EQ(memory.total, 16088232ull * 1024);
    EXPECT_EQ(memory.available, 9ull << 30);
    EXPECT_EQ(memory.usable(), memory.available);
    EXPECT_EQ(memory.limit, std::nullopt);
    EXPECT_EQ(memory.swap_total - memory.swap_free, 8192u * 1024);
    EXPECT_EQ(memory.transparent_huge_pages, "madvise");
    EXPECT_EQ(memory.huge_page_bytes, 2u << 20);
    EXPECT_EQ(memory.huge_pages, 0u);
}

TEST(Memory, OfAContainerIsWhatItsGroupLeaves) {
    Memory memory = read_memory(RecordedTree("container").tree());
    EXPECT_EQ(memory.limit, 2u << 30);
    EXPECT_EQ(memory.left, 2147483648u - (2040109465u - 314572800u));
    EXPECT_EQ(memory.usable(), *memory.left);
}

TEST(Memory, OfThisMachineIsThere) {
    Memory memory = read_memory(Tree());
    EXPECT_GT(memory.total, 0u);
    EXPECT_LE(memory.available, memory.total);
}

TEST(Memory, NonsenseIsZero) {
    RecordedTree recorded;
    recorded.put("proc/meminfo",
                 "MemTotal: 18446744073709551615 kB\nMemAvailable: lots kB\nSwapTotal: -4 kB\n"
                 "SwapFree: 12\nHugePages_Total: x\n");
    recorded.put("sys/kernel/mm/transparent_hugepage/enabled", "]always[");
    Memory memory = read_memory(recorded.tree());
    EXPECT_EQ(memory.total, 0u);
    EXPECT_EQ(memory.available, 0u);
    EXPECT_EQ(memory.swap_total, 0u);
    EXPECT_EQ(memory.transparent_huge_pages, "");
    EXPECT_EQ(memory.usable(), 0u);
}

TEST(Pressure, IsReadWhereTheKernelTells) {
    Tree container = RecordedTree("container").tree();
    EXPECT_EQ(read_pressure(container, "memory"), std::nullopt) << "the tree is gone";
    RecordedTree recorded("container");
    auto memory = read_pressure(recorded.tree(), "memory");
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->some_10s, 21);
    EXPECT_EQ(memory->some_60s, 18.5);
    EXPECT_EQ(memory->full_60s, 7.2);
    EXPECT_FALSE(read_pressure(recorded.tree(), "io"));
    for (const char* bad : {"", "some", "some avg10", "some avg10=x avg60=-1", "some avg60=1e9",
                            "most avg10=3", "avg10=3"}) {
        recorded.put("proc/pressure/io", bad);
        EXPECT_FALSE(read_pressure(recorded.tree(), "io")) << bad;
    }
    recorded.put("proc/pressure/io", "some avg10=nan avg60=2.5 =3 avg10=4=5\n");
    EXPECT_EQ(read_pressure(recorded.tree(), "io")->some_60s, 2.5);
}

}  // namespace
}  // namespace linnet
