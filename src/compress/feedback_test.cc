#include "compress/feedback.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "compress/quantizer.h"
#include "kernels/select.h"

namespace linnet {
namespace {

constexpr size_t columns = 512, rows = 30, samples = 700;

// H of activations whose columns move together.
std::vector<float> hessian(Rng& dice) {
    std::vector<float> out(columns * columns);
    std::vector<double> x(columns);
    for (size_t s = 0; s < samples; s++) {
        double common = dice.normal();
        for (size_t i = 0; i < columns; i++)
            x[i] = (common + 0.5 * dice.normal()) * (1 + 0.1 * static_cast<double>(i % 7));
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j < columns; j++)
                out[i * columns + j] += static_cast<float>(x[i] * x[j] / samples);
    }
    return out;
}

// tr(E H E').
double product_error(const std::vector<float>& weights, const std::vector<float>& rounded,
                     const std::vector<float>& h) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j < columns; j++) {
                size_t a = r * columns + i, b = r * columns + j;
                sum += (double{weights[a]} - rounded[a]) * h[i * columns + j] *
                       (double{weights[b]} - rounded[b]);
            }
    return sum;
}

TEST(Feedback, FactorsGiveTheMatrixBack) {
    Rng dice(1);
    auto h = hessian(dice);
    Feedback feedback = Feedback::of(h, columns, kernels_of(kernel_isas().back()));
    double mean = 0;
    for (size_t i = 0; i < columns; i++) mean += h[i * columns + i] / double{columns};
    auto factor = [&](size_t i, size_t j) {
        return i == j ? 1.0 : i < j ? double{feedback.carry(i)[j]} : 0.0;
    };
    for (size_t i = 0; i < columns; i += 5) {
        for (size_t j = i; j < columns; j += 7) {
            double sum = 0;
            for (size_t k = 0; k < columns; k++)
                sum += factor(i, k) * feedback.cost(k) * factor(j, k);
            EXPECT_NEAR(sum, h[i * columns + j] * (i == j ? 1.3 : 1) + (i == j ? 0.01 * mean : 0),
                        1e-4 * mean);
        }
    }
}

TEST(Feedback, ProductsAreCloserThanByTheSearchAlone) {
    Rng dice(2);
    auto h = hessian(dice);
    std::vector<float> weights(rows * columns), importance(columns);
    for (float& value : weights) value = static_cast<float>(0.05 * dice.normal());
    for (size_t i = 0; i < columns; i++) importance[i] = h[i * columns + i];
    Feedback feedback = Feedback::of(h, columns, kernels_of(kernel_isas().back()));
    size_t formats = 0;
    for (const Quantizer& quantizer : quantizers()) {
        const DType& dtype = *quantizer.dtype;
        if (!takes_feedback(dtype)) continue;
        formats++;
        const size_t row_bytes = *dtype.bytes_of(columns);
        std::vector<std::byte> plain(rows * row_bytes), blocks(rows * row_bytes);
        for (size_t r = 0; r < rows; r++)
            quantizer.quantize(weights.data() + r * columns, importance.data(), columns,
                               plain.data() + r * row_bytes);
        quantize_with_feedback(dtype, feedback, weights.data(), rows, blocks.data());
        std::vector<float> a(weights.size()), b(weights.size());
        dtype.decode(plain.data(), a.data(), a.size());
        dtype.decode(blocks.data(), b.data(), b.size());
        EXPECT_LT(product_error(weights, b, h), 0.95 * product_error(weights, a, h)) << dtype.name;
    }
    EXPECT_EQ(formats, 13u);
}

// Where columns do not move together there is nothing to make up for.
TEST(Feedback, WithoutCorrelationItIsTheSearch) {
    std::vector<float> h(columns * columns), weights(columns), importance(columns, 1.0f);
    for (size_t i = 0; i < columns; i++) h[i * columns + i] = 1;
    Rng dice(3);
    for (float& value : weights) value = static_cast<float>(dice.normal());
    Feedback feedback = Feedback::of(h, columns, kernels_of(kernel_isas().back()));
    for (size_t i = 0; i + 1 < columns; i++) EXPECT_EQ(feedback.carry(i)[i + 1], 0);
    const DType& dtype = *dtype_named("q4_0");
    std::vector<std::byte> blocks(*dtype.bytes_of(columns));
    quantize_with_feedback(dtype, feedback, weights.data(), 1, blocks.data());
    std::vector<float> back(columns);
    dtype.decode(blocks.data(), back.data(), columns);
    double error = 0;
    for (size_t i = 0; i < columns; i++) error += std::pow(back[i] - weights[i], 2);
    EXPECT_LT(error, 0.01 * columns);
}

TEST(Feedback, ZerosStayZeros) {
    std::vector<float> h(columns * columns), weights(rows * columns);
    Feedback feedback = Feedback::of(h, columns, kernels_of(kernel_isas().back()));
    for (const char* name : {"q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "iq4_xs", "mxfp4", "q2_0",
                             "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"}) {
        const DType& dtype = *dtype_named(name);
        std::vector<std::byte> blocks(*dtype.bytes_of(weights.size()));
        quantize_with_feedback(dtype, feedback, weights.data(), rows, blocks.data());
        std::vector<float> back(weights.size(), 1);
        dtype.decode(blocks.data(), back.data(), back.size());
        for (float value : back) ASSERT_EQ(value, 0) << name;
    }
}

}  // namespace
}  // namespace linnet
