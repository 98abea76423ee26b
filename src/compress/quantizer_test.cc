// Every quantizer against tests/golden/quantizers.txt, byte for byte (make_quantizers.py there
// tells where that is from), and what must hold for any weights.
#include "compress/quantizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/testing/data.h"
#include "compress/quantizers/near_points.h"

namespace linnet {
namespace {

constexpr size_t golden_rows = 48;

// Bell-shaped, in groups of 32 of their own spread; some groups are zero, positive or tiny.
std::vector<float> weights(uint64_t seed, size_t count) {
    std::vector<float> out(count);
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = splitmix(seed, i), group = splitmix(seed ^ 1, i / 32), kind = group & 63;
        int sum = -131070, spread = static_cast<int>(group >> 6 & 3) - 22;
        for (int part = 0; part < 4; part++) sum += static_cast<int>(draw >> 16 * part & 0xFFFF);
        if (kind == 0) sum = 0;
        if (kind == 1) sum += 131072;
        if (kind == 2) spread -= 40;
        out[i] = std::ldexp(static_cast<float>(sum), spread);
    }
    return out;
}

std::vector<float> importances(uint64_t seed, size_t count) {
    std::vector<float> out(count);
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = splitmix(seed ^ 2, i);
        out[i] = std::ldexp(static_cast<float>(draw >> 40), static_cast<int>(draw & 7) - 24);
    }
    return out;
}

uint64_t digest(std::vector<std::byte> bytes) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes.size() / 4; i++) {
        uint32_t word;
        std::memcpy(&word, bytes.data() + 4 * i, 4);
        sum += scattered(word + golden_ratio * (i + 1));
    }
    return sum;
}

std::vector<std::byte> quantized(const Quantizer& quantizer, std::span<const float> row,
                                 const float* importance) {
    std::vector<std::byte> out(*quantizer.dtype->bytes_of(row.size()));
    quantizer.quantize(row.data(), importance, row.size(), out.data());
    return out;
}

std::vector<float> restored(const Quantizer& quantizer, std::span<const std::byte> blocks,
                            size_t values) {
    std::vector<float> out(values);
    quantizer.dtype->decode(blocks.data(), out.data(), values);
    return out;
}

// Their searches are linnet's own.
bool has_codebook(const DType& dtype) {
    return dtype.name.starts_with("iq1") || dtype.name.starts_with("iq2") ||
           dtype.name.starts_with("iq3");
}

double weighted_error(std::span<const float> a, std::span<const float> b, const float* weight) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += double{weight[i]} * (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

TEST(Quantizer, BytesAreThoseOfTheReference) {
    std::ifstream file(testing::source_folder() / "tests/golden/quantizers.txt");
    ASSERT_TRUE(file.is_open());
    std::set<std::string> seen;
    for (std::string text; std::getline(file, text);) {
        std::istringstream words(text);
        std::string name, kind, expected;
        size_t columns = 0;
        uint64_t seed = 0;
        words >> name >> kind >> columns >> seed >> expected;
        const Quantizer* quantizer = quantizer_of(*dtype_named(name));
        ASSERT_NE(quantizer, nullptr) << name;
        auto x = weights(seed, golden_rows * columns);
        auto importance = importances(seed, columns);
        std::vector<std::byte> all;
        for (size_t row = 0; row < golden_rows; row++) {
            auto bytes = quantized(*quantizer, std::span(x).subspan(row * columns, columns),
                                   kind == "weighted" ? importance.data() : nullptr);
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        EXPECT_EQ(digest(all), std::stoull(expected, nullptr, 16)) << name << " " << kind;
        seen.insert(name);
    }
    for (const Quantizer& quantizer : quantizers()) {
        const DType& dtype = *quantizer.dtype;
        EXPECT_EQ(seen.contains(std::string(dtype.name)),
                  dtype.block_values > 1 && !has_codebook(dtype))
            << dtype.name;
    }
}

// Of the mean square of bell-shaped weights whose scales differ, every 32. The bounds are a tenth
// above what was found; docs/quantize.md has what is left of a model's weights.
TEST(Quantizer, CodebooksLeaveLittle) {
    constexpr size_t columns = 8 * 256;
    auto x = weights(11, columns);
    const std::vector<float> ones(columns, 1.0f);
    const double square = weighted_error(x, std::vector<float>(columns), ones.data());
    for (auto [name, bound] : {std::pair("iq3_s", 0.0166),
                               {"iq3_xxs", 0.034},
                               {"iq2_s", 0.055},
                               {"iq2_xs", 0.079},
                               {"iq2_xxs", 0.114},
                               {"iq1_m", 0.158},
                               {"iq1_s", 0.194}}) {
        const Quantizer& quantizer = *quantizer_of(*dtype_named(name));
        auto back = restored(quantizer, quantized(quantizer, x, ones.data()), columns);
        EXPECT_LT(weighted_error(x, back, ones.data()) / square, bound) << name;
    }
}

TEST(Quantizer, PointsAreTheNearestOnesOfTheirCodebook) {
    const quantize::NearPoints<8> near(codec::iq2_xs_book, codec::iq2_levels);
    Rng dice(5);
    double found = 0, best = 0;
    for (int turn = 0; turn < 2000; turn++) {
        float x[8], weight[8];
        for (float& value : x) value = std::fabs(static_cast<float>(dice.normal()));
        for (float& value : weight) value = 0.2f + static_cast<float>(dice.uniform());
        const float scale = 0.045f;
        auto error = [&](size_t index) {
            double sum = 0;
            for (int i = 0; i < 8; i++) {
                const double rest = x[i] - double{scale} * near.point(index)[i];
                sum += weight[i] * rest * rest;
            }
            return sum;
        };
        double least = error(0);
        for (size_t index = 1; index < 512; index++) least = std::min(least, error(index));
        const double own = error(near.nearest(x, weight, scale));
        EXPECT_GE(own, least - 1e-6);
        found += own, best += least;
    }
    EXPECT_LT(found, 1.02 * best);
}

TEST(Quantizer, ImportanceMovesTheErrorToColumnsThatMatterLess) {
    constexpr size_t columns = 768;
    auto x = weights(7, columns);
    std::vector<float> importance(columns);
    for (size_t i = 0; i < columns; i++) importance[i] = i % 4 == 0 ? 100.0f : 0.01f;
    for (const Quantizer& quantizer : quantizers()) {
        if (!quantizer.uses_importance()) continue;
        auto plain = restored(quantizer, quantized(quantizer, x, nullptr), columns);
        auto weighted = restored(quantizer, quantized(quantizer, x, importance.data()), columns);
        EXPECT_LT(weighted_error(x, weighted, importance.data()),
                  weighted_error(x, plain, importance.data()))
            << quantizer.dtype->name;
    }
}

// Whatever the weights, the blocks decode to something finite near them.
RC_GTEST_PROP(Quantizer, KeepsTheRangeOfItsInput, ()) {
    const Quantizer& quantizer = quantizers()[*rc::gen::inRange<size_t>(0, quantizers().size())];
    const size_t columns = 256 * *rc::gen::inRange<size_t>(1, 3);
    const int exponent = *rc::gen::inRange(-10, 3);
    std::vector<float> x(columns), importance(columns);
    for (float& value : x) value = std::ldexp(float(*rc::gen::inRange(-4096, 4097)), exponent - 12);
    for (float& value : importance) value = float(*rc::gen::inRange(0, 1000));
    float most = 0;
    for (float value : x) most = std::max(most, std::fabs(value));
    for (const float* weight :
         {static_cast<const float*>(nullptr), std::as_const(importance).data()}) {
        auto back = restored(quantizer, quantized(quantizer, x, weight), columns);
        for (float value : back) {
            RC_ASSERT(std::isfinite(value));
            RC_ASSERT(std::fabs(value) <= 4 * most + 1e-6f);
        }
    }
}

TEST(Quantizer, ZerosStayZeros) {
    std::vector<float> zeros(512), importance(512, 1.0f);
    for (const Quantizer& quantizer : quantizers()) {
        for (const float* weight :
             {static_cast<const float*>(nullptr), std::as_const(importance).data()}) {
            auto back = restored(quantizer, quantized(quantizer, zeros, weight), zeros.size());
            for (float value : back) ASSERT_EQ(value, 0) << quantizer.dtype->name;
        }
    }
}

TEST(Quantizer, FormatsWithoutOneAreKnown) {
    EXPECT_EQ(quantizer_of(*dtype_named("q8_k")), nullptr);
    EXPECT_EQ(quantizer_of(*dtype_named("i32")), nullptr);
}

}  // namespace
}  // namespace linnet
