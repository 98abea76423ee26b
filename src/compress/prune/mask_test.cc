#include "compress/prune/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "base/testing/result.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

constexpr size_t columns = 192, rows = 24, samples = 500;

const Kernels& best_kernels() {
    return kernels_of(kernel_isas().back());
}

// A matrix, and H of activations whose columns move together and differ in size.
struct MaskTest : ::testing::Test {
    MaskTest() {
        Rng dice(1);
        weights.resize(rows * columns);
        for (float& each : weights) each = static_cast<float>(dice.normal());
        h.resize(columns * columns);
        importance.resize(columns);
        std::vector<double> x(columns);
        for (size_t s = 0; s < samples; s++) {
            const double common = dice.normal();
            for (size_t i = 0; i < columns; i++)
                x[i] = (common + dice.normal()) * (0.2 + static_cast<double>(i % 7));
            for (size_t i = 0; i < columns; i++)
                for (size_t j = 0; j < columns; j++)
                    h[i * columns + j] += static_cast<float>(x[i] * x[j] / samples);
        }
        for (size_t i = 0; i < columns; i++) importance[i] = h[i * columns + i];
    }
    double error(const std::vector<float>& masked) const {
        double sum = 0;
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < columns; i++)
                for (size_t j = 0; j < columns; j++) {
                    const size_t a = r * columns + i, b = r * columns + j;
                    sum += (double{weights[a]} - masked[a]) * h[i * columns + j] *
                           (double{weights[b]} - masked[b]);
                }
        return sum;
    }
    std::vector<float> masked(MaskMethod method, std::string_view pattern) {
        const MaskPattern read = must(MaskPattern::parse(pattern));
        std::vector<float> out = weights;
        switch (method) {
            case MaskMethod::Magnitude:
                mask_by_magnitude(out, columns, read);
                break;
            case MaskMethod::Wanda:
                mask_by_wanda(out, importance, read, pool);
                break;
            case MaskMethod::SparseGpt:
                mask_by_sparsegpt(out, Feedback::of(h, columns, best_kernels()), read, pool);
                break;
        }
        return out;
    }
    ThreadPool pool{2};
    std::vector<float> weights, h, importance;
};

constexpr MaskMethod methods[] = {MaskMethod::Magnitude, MaskMethod::Wanda, MaskMethod::SparseGpt};

TEST_F(MaskTest, EveryGroupOfFourHasTwoZeros) {
    for (MaskMethod method : methods) {
        const auto out = masked(method, "2:4");
        for (size_t i = 0; i < out.size(); i += 4)
            ASSERT_EQ(std::count(out.begin() + static_cast<ptrdiff_t>(i),
                                 out.begin() + static_cast<ptrdiff_t>(i + 4), 0.0f),
                      2);
        const auto sparse = masked(method, "7:8");
        EXPECT_EQ(std::ranges::count(sparse, 0.0f), 7 * out.size() / 8);
    }
}

TEST_F(MaskTest, AsManyAreZerosAsWereAskedFor) {
    for (MaskMethod method : methods)
        for (auto [pattern, share] : {std::pair("50%", 0.5), {"25%", 0.25}, {"90%", 0.9}}) {
            const auto zeros = std::ranges::count(masked(method, pattern), 0.0f);
            EXPECT_NEAR(static_cast<double>(zeros), share * rows * columns, rows) << pattern;
        }
}

TEST_F(MaskTest, WhatStaysIsAsItWasUnlessItMakesUpForOthers) {
    for (const char* pattern : {"50%", "2:4"}) {
        for (MaskMethod method : {MaskMethod::Magnitude, MaskMethod::Wanda}) {
            const auto out = masked(method, pattern);
            for (size_t i = 0; i < out.size(); i++)
                ASSERT_TRUE(out[i] == 0 || out[i] == weights[i]);
        }
        const auto out = masked(MaskMethod::SparseGpt, pattern);
        size_t moved = 0;
        for (size_t i = 0; i < out.size(); i++) moved += out[i] != 0 && out[i] != weights[i];
        EXPECT_GT(moved, out.size() / 4);
    }
}

TEST_F(MaskTest, TheMoreIsKnownTheCloserAreProducts) {
    for (const char* pattern : {"50%", "2:4", "4:8"}) {
        const double magnitude = error(masked(MaskMethod::Magnitude, pattern)),
                     wanda = error(masked(MaskMethod::Wanda, pattern)),
                     sparsegpt = error(masked(MaskMethod::SparseGpt, pattern));
        EXPECT_LT(wanda, magnitude) << pattern;
        EXPECT_LT(sparsegpt, 0.8 * wanda) << pattern;
    }
}

TEST_F(MaskTest, WandaTakesTheLeastOfEachRow) {
    const auto out = masked(MaskMethod::Wanda, "50%");
    for (size_t r = 0; r < rows; r++) {
        float kept = INFINITY, gone = 0;
        for (size_t c = 0; c < columns; c++) {
            const size_t i = r * columns + c;
            const float score = std::abs(weights[i]) * std::sqrt(importance[c]);
            if (out[i] == 0)
                gone = std::max(gone, score);
            else
                kept = std::min(kept, score);
        }
        EXPECT_LE(gone, kept);
    }
}

// What torch makes of the same by the papers' algorithms (tests/golden/make_masks.py).
TEST(MaskGolden, MatricesAreThoseOfThePapers) {
    const Checkpoint golden =
        must(Checkpoint::open(testing::source_folder() / "tests/golden/masks.safetensors"));
    const auto x = testing::values_of<float>(golden, "x");
    const auto weights = testing::values_of<float>(golden, "weights");
    const size_t n = golden.find("x")->shape.row(), count = x.size() / n;
    std::vector<float> squares(n * n), means(n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            double sum = 0;
            for (size_t s = 0; s < count; s++) sum += double{x[s * n + i]} * x[s * n + j];
            squares[i * n + j] = static_cast<float>(sum);
            if (i == j) means[i] = static_cast<float>(sum / static_cast<double>(count));
        }
    const Feedback feedback = Feedback::of(squares, n, best_kernels());
    ThreadPool pool(2);
    const MaskPattern half = must(MaskPattern::parse("50%")),
                      pairs = must(MaskPattern::parse("2:4"));
    auto expect = [&](std::string_view name, const std::vector<float>& found) {
        const auto expected = testing::values_of<float>(golden, name);
        for (size_t i = 0; i < found.size(); i++)
            ASSERT_NEAR(found[i], expected[i], 1e-4) << name << " " << i / n << " " << i % n;
    };
    std::vector<float> out = weights;
    mask_by_wanda(out, means, half, pool);
    expect("wanda", out);
    out = weights;
    mask_by_sparsegpt(out, feedback, half, pool);
    expect("sparsegpt", out);
    out = weights;
    mask_by_sparsegpt(out, feedback, pairs, pool);
    expect("sparsegpt24", out);
}

TEST(MaskPattern, SaysWhatIsWrong) {
    EXPECT_DOUBLE_EQ(must(MaskPattern::parse("37.5%")).zero_share(), 0.375);
    EXPECT_DOUBLE_EQ(must(MaskPattern::parse("1:4")).zero_share(), 0.25);
    for (const char* wrong : {"", "50", "0%", "100%", "2:3", "4:4", "0:4", "a:4", "2:64", "-5%"})
        expect_refused(MaskPattern::parse(wrong), Code::Usage, "is no sparsity", wrong);
    EXPECT_FALSE(mask_method_named("best"));
    EXPECT_EQ(mask_method_named("wanda"), MaskMethod::Wanda);
}

}  // namespace
}  // namespace linnet
