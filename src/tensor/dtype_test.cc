#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kernels/half.h"

namespace linnet {
namespace {

TEST(Half, RoundTripsEveryPattern) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        auto half = static_cast<uint16_t>(bits);
        float value = half_to_float(half);
        if (std::isnan(value))
            EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
        else
            ASSERT_EQ(float_to_half(value), half) << value;
    }
}

TEST(Half, RoundsToNearestEven) {
    EXPECT_EQ(float_to_half(1.0f + 0x1p-11f), 0x3C00);  // a tie goes to even
    EXPECT_EQ(float_to_half(1.0f + 3 * 0x1p-11f), 0x3C02);
    EXPECT_EQ(float_to_half(65519.0f), 0x7BFF);
    EXPECT_EQ(float_to_half(65520.0f), 0x7C00);
    EXPECT_EQ(float_to_half(0x1p-25f), 0x0000);
    EXPECT_EQ(float_to_half(0x1.8p-25f), 0x0001);
    EXPECT_EQ(float_to_bfloat(1.0f + 0x1p-8f), 0x3F80);
}

TEST(DType, RowsAreConsistent) {
    std::set<std::string_view> names;
    std::set<uint32_t> ids;
    for (const DType& row : dtypes()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        bool fresh = row.ggml_id == no_ggml_id || ids.insert(row.ggml_id).second;
        EXPECT_TRUE(fresh) << row.name;
        EXPECT_EQ(dtype_named(row.name), &row);
        EXPECT_GT(row.block_values, 0u);
        EXPECT_GT(row.block_bytes, 0u);
    }
}

}  // namespace
}  // namespace linnet
