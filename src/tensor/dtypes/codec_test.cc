// What every codec must keep, whatever the numbers.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tensor/dtype.h"

namespace linnet {
namespace {

std::vector<const DType*> with_encoder() {
    std::vector<const DType*> out;
    for (const DType& type : dtypes())
        if (type.encode) out.push_back(&type);
    return out;
}

std::vector<float> through(const DType& type, const std::vector<float>& floats) {
    std::vector<std::byte> blocks(*type.bytes_of(floats.size()));
    type.encode(floats.data(), blocks.data(), floats.size());
    std::vector<float> out(floats.size());
    type.decode(blocks.data(), out.data(), out.size());
    return out;
}

// Integers that include both ends of the range, so that the scale comes out exact.
std::vector<float> whole_numbers(const DType& type, int low, int high) {
    std::vector<float> out(type.block_values);
    for (float& value : out) value = static_cast<float>(*rc::gen::inRange(low, high + 1));
    out[0] = static_cast<float>(low);
    out[1] = static_cast<float>(high);
    return out;
}

RC_GTEST_PROP(Codec, KeepsWhatLiesOnItsGrid, ()) {
    struct Grid {
        const char* name;
        int low, high;
    };
    for (Grid grid : {Grid{"q4_0", -8, 7}, Grid{"q4_1", 3, 18}, Grid{"q5_0", -16, 15},
                      Grid{"q5_1", -7, 24}, Grid{"q8_0", -127, 127}, Grid{"q8_1", -127, 127},
                      Grid{"tq1_0", -1, 1}, Grid{"tq2_0", -1, 1}, Grid{"q2_0", -1, 1},
                      Grid{"f16", -2048, 2048}, Grid{"bf16", -256, 256}}) {
        const DType* type = dtype_named(grid.name);
        if (type->block_values == 1) {
            std::vector<float> one{static_cast<float>(*rc::gen::inRange(grid.low, grid.high + 1))};
            RC_ASSERT(through(*type, one) == one);
            continue;
        }
        std::vector<float> floats = whole_numbers(*type, grid.low, grid.high);
        RC_ASSERT(through(*type, floats) == floats);
    }
}

// The largest error, as a part of the largest magnitude: half a step, or the end that is cut off.
struct Bound {
    std::string_view name;
    float error;
};
constexpr Bound bounds[] = {
    {"f32", 0},        {"f16", 0x1p-11f}, {"bf16", 0x1p-8f}, {"q4_0", 0.126f}, {"q4_1", 0.07f},
    {"q5_0", 0.063f},  {"q5_1", 0.034f},  {"q8_0", 0.005f},  {"q8_1", 0.005f}, {"q8_k", 0.005f},
    {"iq4_nl", 0.25f}, {"mxfp4", 0.26f},  {"nvfp4", 0.2f},   {"tq1_0", 0.51f}, {"tq2_0", 0.51f},
    {"q2_0", 0.51f},   {"q1_0", 1.01f},
};

RC_GTEST_PROP(Codec, ErrsByAtMostAStep, ()) {
    RC_ASSERT(with_encoder().size() == std::size(bounds));
    for (const Bound& bound : bounds) {
        const DType* type = dtype_named(bound.name);
        std::vector<float> floats(type->block_values);
        float top = 0;
        for (float& value : floats) {
            value = static_cast<float>(*rc::gen::inRange(-1000, 1001)) / 64;
            top = std::max(top, std::fabs(value));
        }
        std::vector<float> back = through(*type, floats);
        for (size_t i = 0; i < floats.size(); i++)
            RC_ASSERT(std::fabs(back[i] - floats[i]) <= bound.error * top);
    }
}

TEST(Codec, ZerosStayZeros) {
    for (const DType* type : with_encoder()) {
        std::vector<float> zeros(2 * type->block_values);
        for (float value : through(*type, zeros)) EXPECT_EQ(value, 0) << type->name;
    }
}

// Of no use, but never undefined: the sanitizers watch the conversions.
TEST(Codec, TakesAnyFloat) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
    constexpr float denormal = std::numeric_limits<float>::denorm_min();
    constexpr float huge = std::numeric_limits<float>::max();
    std::vector<float> odd{0,        -0.0f, infinity, -infinity, not_a_number, -not_a_number,
                           denormal, huge,  -huge,    1,         -1e-38f,      65520};
    for (const DType* type : with_encoder()) {
        for (float first : odd) {
            for (float rest : odd) {
                std::vector<float> floats(type->block_values, rest);
                floats[0] = first;
                EXPECT_EQ(through(*type, floats).size(), floats.size()) << type->name;
            }
        }
    }
}

TEST(Codec, HandlesNoValues) {
    for (const DType& type : dtypes()) {
        if (type.decode) type.decode(nullptr, nullptr, 0);
        if (type.encode) type.encode(nullptr, nullptr, 0);
    }
}

}  // namespace
}  // namespace linnet
