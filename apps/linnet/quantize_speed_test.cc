#include "linnet/quantize_speed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/result.h"

namespace linnet {
namespace {

// A machine whose tokens take `fixed_s`, and `per_byte` of what is read; files have sizes in steps.
struct Machine {
    double fixed_s, per_byte;
    uint64_t step = 1000, least = 40'000'000, most = 270'000'000;
    int tried = 0;

    double speed(uint64_t bytes) const {
        return 1 / (fixed_s + per_byte * static_cast<double>(bytes));
    }
    Result<uint64_t> size_for(double tokens_per_second) {
        return size_for_speed(tokens_per_second, most, [&](uint64_t bytes) -> Result<FileSpeed> {
            tried++;
            const uint64_t made = std::clamp(bytes, least, most) / step * step;
            return FileSpeed{made, speed(made)};
        });
    }
};

TEST(SizeForSpeed, IsTheLargestThatIsFastEnough) {
    for (double fixed_s : {0.0, 0.0005, 0.002}) {
        Machine machine{.fixed_s = fixed_s, .per_byte = 1 / 38e9};
        for (double least : {130.0, 200.0, 260.0}) {
            if (machine.speed(machine.least) < least * 1.02) continue;
            SCOPED_TRACE(least);
            const uint64_t bytes = testing::must(machine.size_for(least));
            EXPECT_GE(machine.speed(bytes), least);
            EXPECT_TRUE(bytes == machine.most || machine.speed(bytes) <= least * 1.06);
        }
    }
}

TEST(SizeForSpeed, TriesOneFileWhereTheLargestIsFastEnough) {
    Machine machine{.fixed_s = 0, .per_byte = 1 / 38e9};
    EXPECT_EQ(testing::must(machine.size_for(10)), machine.most);
    EXPECT_EQ(machine.tried, 1);
}

TEST(SizeForSpeed, IsRefusedWhereNoneIs) {
    Machine slow{.fixed_s = 0.01, .per_byte = 1 / 38e9};
    testing::expect_refused(slow.size_for(120), Code::NoFit, "tokens a second");
    EXPECT_LE(slow.tried, 6);
}

}  // namespace
}  // namespace linnet
