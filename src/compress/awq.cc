#include "compress/awq.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compress/grid.h"

namespace linnet {
namespace {

constexpr size_t rows_tried = 128;  // of each matrix
constexpr int powers_tried = 20;

// Some rows of matrices with the same columns.
struct Sample {
    std::vector<float> weights;  // (rows, columns)
    size_t rows = 0, columns = 0;
};

Sample sample_of(const FedMatrices& fed, const Folding& folding) {
    Sample out;
    out.columns = static_cast<size_t>(fed.columns);
    for (const Tensor* matrix : fed.matrices) {
        const std::vector<float> all = folded_weights(*matrix, folding);
        const size_t rows = all.size() / out.columns;
        const size_t step = std::max<size_t>(1, rows / rows_tried);
        for (size_t r = 0; r < rows; r += step, out.rows++)
            out.weights.insert(out.weights.end(),
                               all.begin() + static_cast<ptrdiff_t>(r * out.columns),
                               all.begin() + static_cast<ptrdiff_t>((r + 1) * out.columns));
    }
    return out;
}

// Of the products of the rows, where each column is rounded after it was multiplied.
double error_of(const Sample& sample, const Grid& grid, size_t group,
                std::span<const float> factors, std::span<const float> squares, ThreadPool& pool) {
    std::vector<double> errors(sample.rows);
    pool.for_each(sample.rows, [&](size_t begin, size_t end) {
        std::vector<float> row(sample.columns);
        for (size_t r = begin; r < end; r++) {
            for (size_t c = 0; c < sample.columns; c++)
                row[c] = sample.weights[r * sample.columns + c] * factors[c];
            double error = 0;
            GridScale scale;
            for (size_t c = 0; c < sample.columns; c++) {
                if (c % group == 0)
                    scale =
                        grid.fit(std::span(row).subspan(c, std::min(group, row.size() - c)), {});
                const float rest =
                    (grid.value(grid.level(row[c], scale), scale) - row[c]) / factors[c];
                error += double{squares[c]} * rest * rest;
            }
            errors[r] = error;
        }
    });
    return std::accumulate(errors.begin(), errors.end(), 0.0);
}

std::vector<float> factors_of(std::span<const float> squares, double power) {
    std::vector<float> out(squares.size());
    for (size_t c = 0; c < out.size(); c++)
        out[c] = std::max(1e-4f, static_cast<float>(std::pow(squares[c], power / 2)));
    const auto [least, most] = std::ranges::minmax(out);
    const float middle = std::sqrt(least * most);
    for (float& factor : out) factor /= middle;
    return out;
}

}  // namespace

Result<> fold_salient_columns(const Checkpoint& checkpoint, const ActivationRanges& ranges,
                              const FolderScheme& scheme, const DType& stored, Folding& folding,
                              ThreadPool& pool, Progress& progress, const Cancel& cancel) {
    const std::vector<FedMatrices> all = fed_matrices(checkpoint, true);
    progress.count_in("inputs");
    progress.begin("looking for factors of columns", all.size(), 0);
    for (size_t i = 0; i < all.size(); i++) {
        TRY(cancel.check());
        const FedMatrices& fed = all[i];
        progress.at(i + 1);
        auto found = ranges.find(fed.matrices[0]->name);
        if (found == ranges.end()) continue;
        const ActivationRange range = folding.folded(fed.matrices[0]->name, found->second);
        const Sample sample = sample_of(fed, folding);
        const float farthest = std::fabs(
            *std::ranges::max_element(sample.weights, {}, [](float x) { return std::fabs(x); }));
        const Grid grid(scheme, stored, farthest > 0 ? 448 * 6 / farthest : 1);
        const size_t group =
            scheme.shared == FolderScheme::Shared::ByGroup ? scheme.group : sample.columns;
        std::vector<float> best(sample.columns, 1);
        double least = error_of(sample, grid, group, best, range.mean_squares, pool);
        for (int step = 1; step < powers_tried; step++) {
            const std::vector<float> tried =
                factors_of(range.mean_squares, static_cast<double>(step) / powers_tried);
            const double error = error_of(sample, grid, group, tried, range.mean_squares, pool);
            if (error < least) least = error, best = tried;
        }
        for (const Tensor* matrix : fed.matrices) folding.multiply_columns(matrix->name, best);
        for (const Tensor* feeder : fed.feeders) folding.divide_rows(feeder->name, best);
    }
    progress.end();
    return Done{};
}

}  // namespace linnet
