#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/testing/result.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

constexpr uint64_t most = std::numeric_limits<uint64_t>::max();

TEST(Bytes, ArithmeticSaysWhenItOverflows) {
    EXPECT_EQ(checked_mul(1ull << 32, 1ull << 31), 1ull << 63);
    EXPECT_EQ(checked_mul(1ull << 32, 1ull << 32), std::nullopt);
    EXPECT_EQ(checked_mul(most, 1), most);
    EXPECT_EQ(checked_mul(most, 0), 0u);
    EXPECT_EQ(checked_add(most, 0), most);
    EXPECT_EQ(checked_add(most, 1), std::nullopt);
    EXPECT_EQ(checked_align(0, 32), 0u);
    EXPECT_EQ(checked_align(1, 32), 32u);
    EXPECT_EQ(checked_align(32, 32), 32u);
    EXPECT_EQ(checked_align(7, 1), 7u);
    EXPECT_EQ(checked_align(most - 31, 32), most - 31);
    EXPECT_EQ(checked_align(most - 30, 32), std::nullopt);
}

RC_GTEST_PROP(Bytes, ArithmeticAgreesWithWiderArithmetic, (uint64_t a, uint64_t b)) {
    unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    unsigned __int128 sum = static_cast<unsigned __int128>(a) + b;
    RC_ASSERT(checked_mul(a, b).has_value() == (product <= most));
    RC_ASSERT(checked_add(a, b).has_value() == (sum <= most));
    if (sum <= most) RC_ASSERT(*checked_add(a, b) == static_cast<uint64_t>(sum));
    if (product <= most) RC_ASSERT(*checked_mul(a, b) == static_cast<uint64_t>(product));
}

TEST(Reader, ReadsLittleEndianWithoutAlignment) {
    Reader in(
        as_bytes(std::string_view("\x01\x02\x03\x04\x05\x06\x07\x08\xff\x00\x00\x80\x3f", 13)));
    EXPECT_EQ(must(in.read<uint8_t>()), 1);
    EXPECT_EQ(must(in.read<uint16_t>()), 0x0302);
    EXPECT_EQ(must(in.read<uint32_t>()), 0x07060504u);
    EXPECT_EQ(must(in.read<int16_t>()), static_cast<int16_t>(0xff08));
    EXPECT_EQ(must(in.read<float>()), 1.0f);
    EXPECT_EQ(in.remaining(), 0u);
    EXPECT_EQ(in.offset(), 13u);
}

TEST(Reader, ReadsNothingPartly) {
    Reader in(as_bytes("abc"));
    expect_refused(in.read<uint32_t>(), Code::BadInput, "4 bytes at offset 0 (3 are left)");
    EXPECT_EQ(in.offset(), 0u);
    EXPECT_EQ(as_text(must(in.take(3))), "abc");
    EXPECT_EQ(must(in.take(0)).size(), 0u);
    expect_refused(in.take(1), Code::BadInput, "at offset 3 (0 are left)");
    expect_refused(in.take(most), Code::BadInput, "ends within");
    EXPECT_FALSE(Reader({}).read<uint8_t>());
}

TEST(Reader, BelievesNoCountThatCannotFit) {
    Reader in(as_bytes("12345678"));
    must(in.take(2));
    EXPECT_EQ(must(in.plausible(6, 1)), 6u);
    EXPECT_EQ(must(in.plausible(3, 2)), 3u);
    EXPECT_EQ(must(in.plausible(0, most)), 0u);
    expect_refused(in.plausible(7, 1), Code::BadInput, "a count of 7 at offset 2");
    expect_refused(in.plausible(most, 2), Code::BadInput, "cannot be right");
    expect_refused(in.plausible(1ull << 61, 8), Code::BadInput, "cannot be right");
}

RC_GTEST_PROP(Reader, NeverLeavesItsBytes, (std::string bytes, std::vector<uint8_t> steps)) {
    Reader in(as_bytes(bytes));
    for (uint8_t step : steps) {
        uint64_t before = in.offset();
        auto taken = in.take(step);
        RC_ASSERT(bool(taken) == (before + step <= bytes.size()));
        RC_ASSERT(in.offset() == (taken ? before + step : before));
        RC_ASSERT(in.offset() + in.remaining() == bytes.size());
        if (taken) RC_ASSERT(as_text(*taken) == std::string_view(bytes).substr(before, step));
    }
}

}  // namespace
}  // namespace linnet
