#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "kernels/select.h"

namespace linnet {
namespace {

std::vector<float> random_floats(size_t n, uint32_t seed, float deviation = 1) {
    std::mt19937 bits(seed);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> out(n);
    for (float& x : out) x = normal(bits);
    return out;
}

void expect_same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); i++)
        ASSERT_EQ(std::bit_cast<uint32_t>(a[i]), std::bit_cast<uint32_t>(b[i])) << "at " << i;
}

// Every test runs once per instruction set that this machine has.
class EachIsa : public ::testing::TestWithParam<Isa> {
  protected:
    const Kernels& kernels = kernels_of(GetParam());
    const Kernels& scalar = kernels_of(Isa::Scalar);
};

// Sizes around the 16 lanes, and rows of real models.
constexpr size_t sizes[] = {1, 2, 15, 16, 17, 31, 33, 48, 64, 100, 576, 577, 1536};

TEST_P(EachIsa, MatmulIsTheScalarBitsForEveryShape) {
    for (size_t n : sizes) {
        for (size_t rows : {1, 2, 5, 16}) {
            for (size_t tokens : {1, 3, 4, 9}) {
                size_t x_stride = n + 3, y_stride = rows + 1;
                auto w = random_floats(rows * n, 1), x = random_floats(tokens * x_stride, 2);
                std::vector<float> y(tokens * y_stride, -1), expected = y;
                kernels.matmul_f32(w.data(), rows, n, x.data(), x_stride, tokens, y.data(),
                                   y_stride);
                scalar.matmul_f32(w.data(), rows, n, x.data(), x_stride, tokens, expected.data(),
                                  y_stride);
                expect_same_bits(y, expected);
            }
        }
    }
}

TEST_P(EachIsa, MatmulOfSmallFloatsIsThatOfTheirFloats) {
    for (size_t n : sizes) {
        for (size_t rows : {1, 2, 5, 16}) {
            for (size_t tokens : {1, 3, 4, 9}) {
                auto w = random_floats(rows * n, 1), x = random_floats(tokens * n, 2);
                std::vector<uint16_t> halves(w.size());
                std::vector<Bfloat> bfloats(w.size());
                std::vector<float> of_halves(w.size()), of_bfloats(w.size());
                for (size_t i = 0; i < w.size(); i++) {
                    halves[i] = float_to_half(w[i]);
                    of_halves[i] = half_to_float(halves[i]);
                    bfloats[i].bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(w[i]) >> 16);
                    of_bfloats[i] = bfloat_to_float(bfloats[i].bits);
                }
                std::vector<float> y(tokens * rows), expected = y;
                kernels.matmul_f16(halves.data(), rows, n, x.data(), n, tokens, y.data(), rows);
                scalar.matmul_f32(of_halves.data(), rows, n, x.data(), n, tokens, expected.data(),
                                  rows);
                expect_same_bits(y, expected);
                kernels.matmul_bf16(bfloats.data(), rows, n, x.data(), n, tokens, y.data(), rows);
                scalar.matmul_f32(of_bfloats.data(), rows, n, x.data(), n, tokens, expected.data(),
                                  rows);
                expect_same_bits(y, expected);
            }
        }
    }
}

TEST_P(EachIsa, ByteProductsAreAllThere) {
    const size_t tokens = kernels.tokens_of_round();
    std::vector<uint8_t> lines(128);
    std::vector<int8_t> x(tokens * 32);
    for (size_t i = 0; i < lines.size(); i++) lines[i] = static_cast<uint8_t>(i * 7 % 64);
    for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<int8_t>(int(i * 5 % 7) - 3);
    int64_t expected = 0;
    for (size_t i = 0; i < lines.size(); i++)  // byte i of a line meets value i % 4 of each four
        for (size_t four = 0; four < x.size() / 4; four++)
            expected += lines[i] * x[4 * four + i % 4];
    EXPECT_EQ(kernels.byte_products(lines.data(), x.data(), 3), static_cast<float>(3 * expected));
    EXPECT_EQ(kernels.byte_products(lines.data(), x.data(), 0), 0);
    EXPECT_EQ(kernels.products_per_round, tokens * 32 * 32);
}

TEST_P(EachIsa, MatmulIsRight) {
    auto w = random_floats(8 * 576, 3), x = random_floats(576, 4);
    std::vector<float> y(8);
    kernels.matmul_f32(w.data(), 8, 576, x.data(), 576, 1, y.data(), 8);
    for (size_t r = 0; r < 8; r++) {
        double exact = 0;
        for (size_t k = 0; k < 576; k++) exact += static_cast<double>(w[r * 576 + k]) * x[k];
        EXPECT_NEAR(y[r], exact, 1e-4);
    }
}

TEST_P(EachIsa, ElementwiseLoopsAreTheScalarBits) {
    for (size_t n : sizes) {
        auto a = random_floats(n, 5, 4), b = random_floats(n, 6);
        auto both = [&](auto&& run) {
            std::vector<float> mine = b, oracle = b;
            run(kernels, mine.data());
            run(scalar, oracle.data());
            expect_same_bits(mine, oracle);
        };
        both([&](const Kernels& k, float* out) { k.add_scaled_f32(out, a.data(), 0.37f, n); });
        both([&](const Kernels& k, float* out) { k.scale_f32(a.data(), 0.37f, b.data(), out, n); });
        both([&](const Kernels& k, float* out) { k.silu_mul_f32(a.data(), b.data(), out, n); });
        both([&](const Kernels& k, float* out) { k.gelu_mul_f32(a.data(), b.data(), out, n); });
        both([&](const Kernels& k, float* out) { k.gelu_erf_mul_f32(a.data(), b.data(), out, n); });
        both([&](const Kernels& k, float* out) { k.silu_mul_f32(a.data(), nullptr, out, n); });
        both([&](const Kernels& k, float* out) { k.soft_cap_f32(out, 0.7f, n); });
        both([&](const Kernels& k, float* out) {
            out[0] = k.exp_sum_f32(out, k.max_f32(out, n), n);
        });
        EXPECT_EQ(kernels.dot_f32(a.data(), b.data(), n), scalar.dot_f32(a.data(), b.data(), n));
        EXPECT_EQ(kernels.sum_squares_f32(a.data(), n), scalar.sum_squares_f32(a.data(), n));
        EXPECT_EQ(kernels.sum_f32(a.data(), n), scalar.sum_f32(a.data(), n));
        EXPECT_EQ(kernels.max_f32(a.data(), n), scalar.max_f32(a.data(), n));
    }
}

// Rows of b in each format that keys and values have, against the sum in plain order.
TEST_P(EachIsa, AccumulatesInOrderForEveryShape) {
    for (size_t rows : {1, 2, 3, 5, 6, 11, 12, 13, 24}) {
        for (size_t depth : {1, 31, 64}) {
            for (size_t n : {16, 32, 48, 80}) {
                size_t a_stride = depth + 5, out_stride = n + 3;
                auto a = random_floats(rows * a_stride, 20), b = random_floats(depth * n, 21);
                auto start = random_floats(rows * out_stride, 22);
                std::vector<uint16_t> halves(b.size());
                scalar.float_to_half(b.data(), halves.data(), b.size());
                auto expect = [&](auto&& value, auto&& run) {
                    auto mine = start, expected = start;
                    run(mine.data());
                    for (size_t r = 0; r < rows; r++)
                        for (size_t k = 0; k < depth; k++)
                            for (size_t c = 0; c < n; c++) {
                                float& out = expected[r * out_stride + c];
                                out = std::fma(a[r * a_stride + k], value(k * n + c), out);
                            }
                    expect_same_bits(mine, expected);
                };
                expect([&](size_t i) { return b[i]; },
                       [&](float* out) {
                           kernels.accumulate_f32(a.data(), a_stride, rows, b.data(), depth, n, out,
                                                  out_stride);
                       });
                expect([&](size_t i) { return half_to_float(halves[i]); },
                       [&](float* out) {
                           kernels.accumulate_f16(a.data(), a_stride, rows, halves.data(), depth, n,
                                                  out, out_stride);
                       });
            }
        }
    }
}

TEST_P(EachIsa, AccumulatesWholeNumbersExactly) {
    std::mt19937 bits(33);
    auto draw = [&](auto& out, int most) {
        for (auto& x : out)
            x = static_cast<std::remove_reference_t<decltype(x)>>(
                std::uniform_int_distribution(-most, most)(bits));
    };
    for (size_t rows : {1, 2, 3, 5, 12, 13, 24}) {
        for (size_t depth : {2, 32, 64}) {
            for (size_t n : {16, 32, 48, 80}) {
                const size_t a_stride = depth + 6, out_stride = n + 3;
                std::vector<int16_t> a(rows * a_stride), b(depth * n);
                std::vector<int8_t> bytes(depth * n);
                std::vector<int32_t> start(rows * out_stride);
                draw(a, 1000), draw(b, 32767), draw(bytes, 127), draw(start, 1 << 20);
                auto expect = [&](const auto& of, auto&& run) {
                    auto mine = start, expected = start;
                    run(mine.data());
                    for (size_t r = 0; r < rows; r++)
                        for (size_t k = 0; k < depth; k++)
                            for (size_t c = 0; c < n; c++)
                                expected[r * out_stride + c] +=
                                    a[r * a_stride + k] * of[(k / 2 * n + c) * 2 + k % 2];
                    ASSERT_EQ(mine, expected);
                };
                expect(b, [&](int32_t* out) {
                    kernels.accumulate_i16(a.data(), a_stride, rows, b.data(), depth, n, out,
                                           out_stride);
                });
                expect(bytes, [&](int32_t* out) {
                    kernels.accumulate_i8(a.data(), a_stride, rows, bytes.data(), depth, n, out,
                                          out_stride);
                });
            }
        }
    }
}

TEST_P(EachIsa, WholeNumbersAreTheScalarOnes) {
    for (size_t n : {1, 16, 24, 128}) {
        auto x = random_floats(n, 41), weight = random_floats(n, 42);
        for (float& each : x) each = std::fabs(each);
        for (float& each : weight) each = std::fabs(each);
        std::vector<int16_t> mine(n), oracle(n);
        kernels.float_to_i16(x.data(), 700.3f, mine.data(), n);
        scalar.float_to_i16(x.data(), 700.3f, oracle.data(), n);
        EXPECT_EQ(mine, oracle);
        EXPECT_EQ(mine[n / 2], static_cast<int16_t>(std::nearbyint(x[n / 2] * 700.3f)));
        const float scale = kernels.weights_to_i16(x.data(), weight.data(), mine.data(), n);
        EXPECT_EQ(scale, scalar.weights_to_i16(x.data(), weight.data(), oracle.data(), n));
        EXPECT_EQ(mine, oracle);
        int64_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            EXPECT_NEAR(static_cast<float>(mine[i]) * scale, x[i] * weight[i], scale * 0.501f);
            sum += mine[i];
        }
        EXPECT_LE(sum, 65000 + static_cast<int64_t>(n));
        std::vector<int32_t> whole(n);
        for (size_t i = 0; i < n; i++) whole[i] = static_cast<int32_t>(mine[i]) * 4711;
        std::vector<float> out(n), expected(n);
        const float* const weights[] = {weight.data(), nullptr};
        for (const float* by : weights) {
            kernels.i32_to_float(whole.data(), 0.37f, by, out.data(), n);
            scalar.i32_to_float(whole.data(), 0.37f, by, expected.data(), n);
            expect_same_bits(out, expected);
        }
    }
    int16_t nothing = 1;
    const float zero = 0;
    EXPECT_EQ(kernels.weights_to_i16(&zero, &zero, &nothing, 1), 0);
    EXPECT_EQ(nothing, 0);
}

// Sums whose exact value lies at, or by a hair beside, the middle of two floats, and any bits.
TEST_P(EachIsa, MultipliesAndAddsWithOneRounding) {
    std::mt19937 bits(31);
    auto any = [&] { return std::bit_cast<float>(static_cast<uint32_t>(bits())); };
    auto near_one = [&] { return 1 + std::ldexp(static_cast<float>(bits() % 4096), -23); };
    std::vector<float> x, y;
    std::vector<float> scales;
    for (int i = 0; i < 20'000; i++) {
        bool close = i % 2 == 0;
        scales.push_back(close ? near_one() : any());
        x.push_back(close ? near_one() : any());
        int power = static_cast<int>(bits() % 64) - 20;
        y.push_back(close ? std::ldexp(near_one() * (bits() % 2 == 0 ? 1.0f : -1.0f), power)
                          : any());
    }
    for (size_t i = 0; i < x.size(); i++) {
        float out = y[i];
        kernels.add_scaled_f32(&out, &x[i], scales[i], 1);
        float expected = std::fma(scales[i], x[i], y[i]);
        if (std::isnan(expected))
            ASSERT_TRUE(std::isnan(out));
        else
            ASSERT_EQ(std::bit_cast<uint32_t>(out), std::bit_cast<uint32_t>(expected))
                << scales[i] << " * " << x[i] << " + " << y[i];
    }
}

TEST_P(EachIsa, ExponentialIsCloseEverywhere) {
    for (float x = -87; x <= 0; x += 0.0137f) {
        float value = x;
        kernels.exp_sum_f32(&value, 0, 1);
        EXPECT_NEAR(value / std::exp(static_cast<double>(x)), 1, 3e-7) << x;
    }
    float low[] = {-200, -std::numeric_limits<float>::infinity(), 0};
    EXPECT_EQ(kernels.exp_sum_f32(low, 0, 3), 1);
    EXPECT_EQ(low[0], 0);
    EXPECT_EQ(low[1], 0);
}

TEST_P(EachIsa, ActivationsAreCloseToTheirDefinition) {
    for (double x = -20; x <= 20; x += 0.0317) {
        float gate = static_cast<float>(x), up = 1.5f, out;
        kernels.silu_mul_f32(&gate, &up, &out, 1);
        EXPECT_NEAR(out, x / (1 + std::exp(-x)) * 1.5, 2e-6 * (1 + std::abs(x))) << x;
        kernels.gelu_mul_f32(&gate, &up, &out, 1);
        double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
        EXPECT_NEAR(out, 0.5 * x * (1 + std::tanh(inner)) * 1.5, 2e-6 * (1 + std::abs(x))) << x;
        kernels.gelu_erf_mul_f32(&gate, nullptr, &out, 1);
        EXPECT_NEAR(out, 0.5 * x * (1 + std::erf(x / M_SQRT2)), 3e-7 * (1 + std::abs(x))) << x;
        float capped = static_cast<float>(x);
        kernels.soft_cap_f32(&capped, 5, 1);
        EXPECT_NEAR(capped, 5 * std::tanh(x / 5), 2e-6) << x;
    }
}

TEST_P(EachIsa, FloatsBecomeHalvesAsDefined) {
    std::vector<float> floats;
    for (uint32_t i = 0; i < 65536; i++)
        if (float value = half_to_float(static_cast<uint16_t>(i)); !std::isnan(value))
            floats.push_back(value);
    for (float value : random_floats(1001, 7, 1000)) floats.push_back(value);
    std::vector<uint16_t> halves(floats.size());
    kernels.float_to_half(floats.data(), halves.data(), floats.size());
    for (size_t i = 0; i < floats.size(); i++) ASSERT_EQ(halves[i], float_to_half(floats[i]));
}

TEST_P(EachIsa, ActivationsQuantizeToTheScalarBytes) {
    constexpr size_t blocks = 18;
    auto x = random_floats(blocks * 32, 10, 3);
    std::fill_n(x.begin() + 64, 32, 0.0f);  // a block of zeros
    x[100] = -50;                           // an outlier
    std::vector<ActBlock> mine(blocks), oracle(blocks);
    kernels.quantize_activations(x.data(), blocks, mine.data());
    scalar.quantize_activations(x.data(), blocks, oracle.data());
    EXPECT_EQ(std::memcmp(mine.data(), oracle.data(), blocks * sizeof(ActBlock)), 0);
    for (size_t i = 0; i < x.size(); i++)
        EXPECT_NEAR(mine[i / 32].scale * mine[i / 32].q[i % 32], x[i], mine[i / 32].scale * 0.501)
            << i;
}

// Where a block has its float16 numbers, and the rest may be any bits.
std::vector<size_t> half_places(const Packing& packing) {
    if (packing.dtype == "q2_k") return {80, 82};
    if (packing.dtype == "q3_k") return {108};
    if (packing.dtype == "q6_k") return {208};
    if (packing.dtype == "tq2_0") return {64};
    if (packing.dtype == "mxfp4") return {};
    if (packing.layout.has_min) return {0, 2};
    return {0};
}

std::vector<std::byte> random_blocks(const Packing& packing, size_t count) {
    std::mt19937 bits(11);
    std::vector<std::byte> data(count * packing.block_bytes);
    for (std::byte& b : data) b = static_cast<std::byte>(bits());
    for (size_t i = 0; i < count; i++) {
        std::byte* block = data.data() + i * packing.block_bytes;
        float value = 0.01f * static_cast<float>(1 + i % 7);
        for (size_t place : half_places(packing)) {
            uint16_t half = float_to_half(value);
            std::memcpy(block + place, &half, 2);
            value = -5 * value;
        }
        if (packing.dtype == "mxfp4") block[0] = static_cast<std::byte>(118 + i % 5);
    }
    return data;
}

// What packed.h says a row's column is.
double value_of(const Packing& packing, const PackUnit& unit, size_t column) {
    const PackLayout& layout = packing.layout;
    auto number = [&](uint16_t bits) {
        return static_cast<double>(layout.scale == PackScale::Bfloat ? bfloat_to_float(bits)
                                                                     : half_to_float(bits));
    };
    size_t half = layout.scale == PackScale::Super16 ? column / 16 : 0;
    double scale = number(unit.scale) * (layout.super() ? unit.factors[half] : 1);
    double min = number(unit.min) * (layout.super() ? unit.min_factors[half] : 1);
    int q = layout.codes ? layout.codes[unit.q[column]] : unit.q[column];
    return scale * (q - layout.offset) + (layout.has_min ? min : 0);
}

// Random blocks of every packed type, against the definition in packed.h and against the scalar
// set, for odd shapes.
TEST_P(EachIsa, PackedMatmulIsTheScalarBitsAndTheDefinition) {
    constexpr size_t blocks = 8;
    for (const Packing& packing : packings()) {
        const size_t parts = packing.block_columns / pack_columns;
        for (size_t rows : {1, 15, 16, 33}) {
            auto data = random_blocks(packing, rows * blocks / parts);
            size_t group_bytes = packing.layout.group_bytes(blocks),
                   row_bytes = blocks / parts * packing.block_bytes;
            std::vector<std::byte> packed((rows + 15) / 16 * group_bytes);
            for (size_t row = 0; row < rows; row += 16)
                pack_group(packing, data.data() + row * row_bytes, std::min<size_t>(16, rows - row),
                           blocks, packed.data() + row / 16 * group_bytes);
            for (size_t tokens : {1, 2, 3, 7, 8, 13}) {
                auto x = random_floats(tokens * blocks * 32, 12);
                std::vector<ActBlock> acts(tokens * blocks);
                scalar.quantize_activations(x.data(), acts.size(), acts.data());
                std::vector<float> y(tokens * (rows + 2), -1), expected = y;
                kernels.matmul_packed(packing.layout, packed.data(), rows, blocks, acts.data(),
                                      tokens, y.data(), rows + 2);
                scalar.matmul_packed(packing.layout, packed.data(), rows, blocks, acts.data(),
                                     tokens, expected.data(), rows + 2);
                expect_same_bits(y, expected);
                for (size_t t = 0; t < tokens; t++) {
                    for (size_t row = 0; row < rows; row++) {
                        double exact = 0, size = 0;
                        for (size_t b = 0; b < blocks; b++) {
                            PackUnit unit{};
                            packing.unpack(
                                data.data() + row * row_bytes + b / parts * packing.block_bytes,
                                b % parts, unit);
                            const ActBlock& a = acts[t * blocks + b];
                            for (size_t k = 0; k < 32; k++) {
                                double term = value_of(packing, unit, k) * a.scale * a.q[k];
                                exact += term;
                                size += std::abs(term);
                            }
                        }
                        ASSERT_NEAR(y[t * (rows + 2) + row], exact, 1e-6 * (1 + size))
                            << packing.dtype;
                    }
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Machine, EachIsa, ::testing::ValuesIn(kernel_isas()),
                         [](const auto& isa) { return std::string(kernels_of(isa.param).name); });

}  // namespace
}  // namespace linnet
