#include "compress/prune/removal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace linnet {
namespace {

constexpr size_t rows = 20, samples = 400;
constexpr InputSquares::Damping hardly{.own = 0, .mean = 1e-9};

// What a matrix is multiplied with, (samples, columns), its columns mixed from few causes.
struct Inputs {
    size_t columns;
    std::vector<double> x;

    static Inputs make(size_t columns, Rng& dice) {
        Inputs out{columns, std::vector<double>(samples * columns)};
        const size_t causes = columns / 2;
        std::vector<double> mix(causes * columns), cause(causes);
        for (double& each : mix) each = dice.normal();
        for (size_t s = 0; s < samples; s++) {
            for (double& each : cause) each = dice.normal();
            for (size_t c = 0; c < columns; c++) {
                double& value = out.x[s * columns + c];
                value = 0.3 * dice.normal() * (1 + static_cast<double>(c % 5));
                for (size_t k = 0; k < causes; k++) value += mix[k * columns + c] * cause[k];
            }
        }
        return out;
    }
    std::vector<float> squares() const {
        std::vector<float> h(columns * columns);
        for (size_t i = 0; i < columns; i++)
            for (size_t j = i; j < columns; j++) {
                double sum = 0;
                for (size_t s = 0; s < samples; s++) sum += x[s * columns + i] * x[s * columns + j];
                h[i * columns + j] = static_cast<float>(sum);
            }
        return h;
    }
    // Squared difference of the products of two matrices, the second of some columns.
    double error(const std::vector<float>& whole, const std::vector<float>& part,
                 const std::vector<uint32_t>& kept) const {
        double sum = 0;
        for (size_t s = 0; s < samples; s++)
            for (size_t r = 0; r < rows; r++) {
                double difference = 0;
                for (size_t c = 0; c < columns; c++)
                    difference += whole[r * columns + c] * x[s * columns + c];
                for (size_t i = 0; i < kept.size(); i++)
                    difference -= part[r * kept.size() + i] * x[s * columns + kept[i]];
                sum += difference * difference;
            }
        return sum;
    }
};

std::vector<float> random_weights(size_t columns, Rng& dice) {
    std::vector<float> out(rows * columns);
    for (float& each : out) each = static_cast<float>(dice.normal());
    return out;
}

std::vector<uint32_t> without(uint32_t group, size_t width, size_t columns) {
    std::vector<uint32_t> out;
    for (uint32_t c = 0; c < columns; c++)
        if (c / width != group) out.push_back(c);
    return out;
}

// The best weights of some columns by the normal equations, solved by Gauss's elimination.
std::vector<float> least_squares(const InputSquares& squares, const std::vector<float>& weights,
                                 const std::vector<uint32_t>& kept) {
    const size_t columns = squares.columns(), n = kept.size();
    auto h = squares.matrix();
    std::vector<double> a(n * (n + rows));  // H_SS and H_S: W'
    for (size_t i = 0; i < n; i++) {
        double* row = a.data() + i * (n + rows);
        for (size_t j = 0; j < n; j++) row[j] = h[kept[i] * columns + kept[j]];
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                row[n + r] += h[kept[i] * columns + c] * weights[r * columns + c];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (i == j) continue;
            const double by = a[j * (n + rows) + i] / a[i * (n + rows) + i];
            for (size_t k = i; k < n + rows; k++)
                a[j * (n + rows) + k] -= by * a[i * (n + rows) + k];
        }
    std::vector<float> out(rows * n);
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < rows; r++)
            out[r * n + i] = static_cast<float>(a[i * (n + rows) + n + r] / a[i * (n + rows) + i]);
    return out;
}

std::vector<float> of_columns(const std::vector<float>& weights, size_t columns,
                              const std::vector<uint32_t>& kept) {
    std::vector<float> out;
    for (size_t r = 0; r < rows; r++)
        for (uint32_t c : kept) out.push_back(weights[r * columns + c]);
    return out;
}

class RemovalOf : public ::testing::TestWithParam<size_t> {};  // the width of groups

// What the formula says a removal adds is what the products lose, and nothing can be closer.
TEST_P(RemovalOf, ErrorsAreThoseOfTheRefittedProducts) {
    Rng dice(GetParam());
    const size_t columns = 24;
    const Inputs inputs = Inputs::make(columns, dice);
    const auto weights = random_weights(columns, dice);
    ThreadPool pool(2);
    const InputSquares squares = InputSquares::of(inputs.squares(), columns, hardly);
    for (size_t count = 1; count <= 3; count++) {
        const Removal removal = remove_groups(squares, weights, GetParam(), count, pool);
        ASSERT_EQ(removal.removed.size(), count);
        ASSERT_EQ(removal.kept.size(), columns - count * GetParam());
        double foretold = 0;
        for (const RemovedGroup& each : removal.removed) foretold += each.error;
        const double measured = inputs.error(weights, removal.weights, removal.kept);
        EXPECT_NEAR(measured, foretold, 1e-3 * foretold) << count;
        EXPECT_LT(measured, 0.9 * inputs.error(weights, of_columns(weights, columns, removal.kept),
                                               removal.kept));
        const auto best = least_squares(squares, weights, removal.kept);
        for (size_t i = 0; i < best.size(); i++) ASSERT_NEAR(removal.weights[i], best[i], 1e-3);
        EXPECT_LT(foretold, product_squares(squares, weights, pool));
    }
}

// The first that goes is the one without which products can be closest.
TEST_P(RemovalOf, TheFirstIsTheBest) {
    Rng dice(10 + GetParam());
    const size_t columns = 24;
    const Inputs inputs = Inputs::make(columns, dice);
    const auto weights = random_weights(columns, dice);
    ThreadPool pool(1);
    const InputSquares squares = InputSquares::of(inputs.squares(), columns, hardly);
    std::vector<double> errors;
    for (uint32_t group = 0; group < columns / GetParam(); group++) {
        const auto kept = without(group, GetParam(), columns);
        errors.push_back(inputs.error(weights, least_squares(squares, weights, kept), kept));
    }
    const Removal removal = remove_groups(squares, weights, GetParam(), 1, pool);
    EXPECT_EQ(removal.removed.front().group, std::ranges::min_element(errors) - errors.begin());
}

INSTANTIATE_TEST_SUITE_P(Widths, RemovalOf, ::testing::Values(1, 2, 6));

// A column that repeats another, and one that brings nothing, cost nothing.
TEST(RemovalOfNothing, DuplicatesAndZerosGoFirst) {
    Rng dice(3);
    const size_t columns = 40;
    Inputs inputs = Inputs::make(columns, dice);
    for (size_t s = 0; s < samples; s++) {
        double* x = inputs.x.data() + s * columns;
        x[7] = x[30];
        x[12] = 0;
    }
    auto weights = random_weights(columns, dice);
    for (size_t r = 0; r < rows; r++) weights[r * columns + 21] = 0;
    ThreadPool pool(3);
    const InputSquares squares = InputSquares::of(inputs.squares(), columns, hardly);
    const Removal removal = remove_groups(squares, weights, 1, 3, pool);
    std::vector<uint32_t> gone;
    for (const RemovedGroup& each : removal.removed) gone.push_back(each.group);
    std::ranges::sort(gone);
    EXPECT_TRUE(gone == (std::vector<uint32_t>{7, 12, 21}) ||
                gone == (std::vector<uint32_t>{12, 21, 30}));
    const double lost = inputs.error(weights, removal.weights, removal.kept);
    EXPECT_LT(lost, 1e-6 * product_squares(squares, weights, pool));
}

TEST(RemovalOfNothing, NumberOfThreadsChangesNothing) {
    Rng dice(4);
    const size_t columns = 60;
    const Inputs inputs = Inputs::make(columns, dice);
    const auto weights = random_weights(columns, dice);
    ThreadPool one(1), three(3);
    const InputSquares squares = InputSquares::of(inputs.squares(), columns, {});
    const Removal a = remove_groups(squares, weights, 2, 20, one),
                  b = remove_groups(squares, weights, 2, 20, three);
    EXPECT_EQ(a.kept, b.kept);
    EXPECT_EQ(a.weights, b.weights);
}

// Text that was never read: nothing is known of any column, and weights alone count.
TEST(RemovalOfNothing, WithoutATextTheSmallestColumnsGo) {
    Rng dice(5);
    const size_t columns = 16;
    auto weights = random_weights(columns, dice);
    for (size_t r = 0; r < rows; r++)
        for (size_t c : {3u, 9u}) weights[r * columns + c] *= 0.1f;
    ThreadPool pool(1);
    const std::vector<float> nothing(columns * columns);
    const InputSquares squares = InputSquares::of(nothing, columns, {});
    const Removal removal = remove_groups(squares, weights, 1, 2, pool);
    EXPECT_EQ(std::ranges::count(removal.kept, 3u) + std::ranges::count(removal.kept, 9u), 0);
    EXPECT_EQ(removal.weights, of_columns(weights, columns, removal.kept));
}

}  // namespace
}  // namespace linnet
