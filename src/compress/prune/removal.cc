#include "compress/prune/removal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "compress/dot.h"

namespace linnet {
namespace {

// y -= scale * x
void subtract(double* y, const double* x, double scale, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] -= scale * x[i];
}

// Eight vectors side by side, so that what is multiplied with them comes from memory once.
constexpr size_t lanes = 8;
using Lanes = double __attribute__((vector_size(64)));

// L with A = L L', lower triangular, in place of A's lower triangle (n, n): eight columns at a
// time, the rows below them shared among workers.
void factorize(std::vector<double>& a, size_t n, ThreadPool& pool) {
    for (size_t first = 0; first < n; first += lanes) {
        const size_t width = std::min(lanes, n - first);
        // The columns of a row, once all rows of the diagonal block above it have theirs.
        auto finish_row = [&](size_t i) {
            double* row_i = a.data() + i * n;
            for (size_t j = first; j < std::min(first + width, i + 1); j++) {
                const double* row_j = a.data() + j * n;
                const double rest = row_i[j] - dot(row_i + first, row_j + first, j - first);
                check(i != j || rest > 0, "a damped matrix of squares is positive definite");
                row_i[j] = i == j ? std::sqrt(rest) : rest / row_j[j];
            }
        };
        // What the columns before the block add: rows of the block as lanes.
        std::vector<Lanes> block(first);
        for (size_t k = 0; k < first; k++)
            for (size_t lane = 0; lane < lanes; lane++)
                block[k][lane] = a[(first + std::min(lane, width - 1)) * n + k];
        auto subtract_before = [&](size_t i) {
            double* row_i = a.data() + i * n;
            Lanes sum{};
            for (size_t k = 0; k < first; k++) sum += row_i[k] * block[k];
            for (size_t lane = 0; lane < std::min(width, i + 1 - first); lane++)
                row_i[first + lane] -= sum[lane];
        };
        for (size_t i = first; i < first + width; i++) {
            subtract_before(i);
            finish_row(i);
        }
        pool.for_each(n - first - width, [&](size_t begin, size_t end) {
            for (size_t i = first + width + begin; i < first + width + end; i++) {
                subtract_before(i);
                finish_row(i);
            }
        });
    }
}

// X with L L' X = B, in place; rows of B before `zeros` are zeros.
void solve(const std::vector<double>& l, size_t n, size_t zeros, std::vector<Lanes>& x) {
    for (size_t i = zeros; i < n; i++) {
        const double* row = l.data() + i * n;
        Lanes sum{};
        for (size_t k = zeros; k < i; k++) sum += row[k] * x[k];
        x[i] = (x[i] - sum) / row[i];
    }
    for (size_t i = n; i-- > 0;) {
        const double* row = l.data() + i * n;
        x[i] /= row[i];
        for (size_t k = 0; k < i; k++) x[k] -= row[k] * x[i];
    }
}

// Groups of columns as they go: W and H^-1 without those that went.
class Elimination {
  public:
    Elimination(const InputSquares& squares, std::span<const float> weights, size_t width,
                ThreadPool& pool)
        : columns_(squares.columns()),
          rows_(weights.size() / columns_),
          width_(width),
          pool_(pool),
          inverse_(squares.inverse(pool)),
          weights_(weights.size()),
          gone_(columns_ / width) {
        // (columns, rows), as whole columns are read and changed.
        for (size_t r = 0; r < rows_; r++)
            for (size_t c = 0; c < columns_; c++)
                weights_[c * rows_ + r] = weights[r * columns_ + c];
    }

    RemovedGroup remove_cheapest() {
        const size_t groups = gone_.size();
        std::vector<double> errors(groups, std::numeric_limits<double>::infinity());
        pool_.for_each(groups, [&](size_t begin, size_t end) {
            for (size_t g = begin; g < end; g++)
                if (!gone_[g]) errors[g] = error_of(g);
        });
        const auto least = static_cast<size_t>(std::ranges::min_element(errors) - errors.begin());
        remove(least);
        return {static_cast<uint32_t>(least), std::max(errors[least], 0.0)};
    }

    void store(Removal& to) const {
        for (uint32_t c = 0; c < columns_; c++)
            if (!gone_[c / width_]) to.kept.push_back(c);
        to.weights.resize(rows_ * to.kept.size());
        for (size_t r = 0; r < rows_; r++)
            for (size_t i = 0; i < to.kept.size(); i++)
                to.weights[r * to.kept.size() + i] =
                    static_cast<float>(weights_[to.kept[i] * rows_ + r]);
    }

  private:
    // L of [H^-1]_GG = L L'.
    std::vector<double> factor_of(size_t group) const {
        std::vector<double> out(width_ * width_);
        for (size_t i = 0; i < width_; i++)
            for (size_t j = 0; j <= i; j++)
                out[i * width_ + j] =
                    inverse_[(group * width_ + i) * columns_ + group * width_ + j];
        for (size_t j = 0; j < width_; j++) {
            double* row_j = out.data() + j * width_;
            row_j[j] = std::sqrt(
                std::max(row_j[j] - dot(row_j, row_j, j), std::numeric_limits<double>::min()));
            for (size_t i = j + 1; i < width_; i++) {
                double* row_i = out.data() + i * width_;
                row_i[j] = (row_i[j] - dot(row_i, row_j, j)) / row_j[j];
            }
        }
        return out;
    }

    double error_of(size_t group) const {
        const double* first = weights_.data() + group * width_ * rows_;
        if (width_ == 1) {
            const size_t at = group * columns_ + group;
            return dot(first, first, rows_) / inverse_[at];
        }
        const auto factor = factor_of(group);
        std::vector<double> w(width_);
        double sum = 0;
        for (size_t r = 0; r < rows_; r++) {
            for (size_t i = 0; i < width_; i++) w[i] = first[i * rows_ + r];
            for (size_t i = 0; i < width_; i++) {  // L^-1 w
                const double* row = factor.data() + i * width_;
                w[i] = (w[i] - dot(row, w.data(), i)) / row[i];
            }
            sum += dot(w.data(), w.data(), width_);
        }
        return sum;
    }

    void remove(size_t group) {
        // U = ([H^-1]_GG)^-1 [H^-1]_G:, (width, columns)
        std::vector<double> u(width_ * columns_);
        const auto factor = factor_of(group);
        std::vector<Lanes> some(width_);
        for (size_t c = 0; c < columns_; c += lanes) {
            const size_t count = std::min(lanes, columns_ - c);
            for (size_t i = 0; i < width_; i++)
                for (size_t lane = 0; lane < count; lane++)
                    some[i][lane] = inverse_[(group * width_ + i) * columns_ + c + lane];
            solve(factor, width_, 0, some);
            for (size_t i = 0; i < width_; i++)
                for (size_t lane = 0; lane < count; lane++)
                    u[i * columns_ + c + lane] = some[i][lane];
        }
        const std::vector<double> pivots(
            inverse_.begin() + static_cast<ptrdiff_t>(group * width_ * columns_),
            inverse_.begin() + static_cast<ptrdiff_t>((group + 1) * width_ * columns_));
        const std::vector<double> removed(
            weights_.begin() + static_cast<ptrdiff_t>(group * width_ * rows_),
            weights_.begin() + static_cast<ptrdiff_t>((group + 1) * width_ * rows_));
        gone_[group] = true;
        pool_.for_each(columns_, [&](size_t begin, size_t end) {
            for (size_t c = begin; c < end; c++) {
                if (gone_[c / width_]) continue;
                for (size_t i = 0; i < width_; i++) {
                    const double by = u[i * columns_ + c];
                    subtract(inverse_.data() + c * columns_, pivots.data() + i * columns_, by,
                             columns_);
                    subtract(weights_.data() + c * rows_, removed.data() + i * rows_, by, rows_);
                }
            }
        });
    }

    size_t columns_, rows_, width_;
    ThreadPool& pool_;
    std::vector<double> inverse_, weights_;
    std::vector<char> gone_;
};

}  // namespace

InputSquares InputSquares::of(std::span<const float> squares, size_t columns,
                              const Damping& damping) {
    check(squares.size() == columns * columns, "a square matrix");
    std::vector<double> values(squares.size());
    double trace = 0;
    for (size_t i = 0; i < columns; i++) {
        trace += squares[i * columns + i];
        for (size_t j = i; j < columns; j++)
            values[i * columns + j] = values[j * columns + i] = squares[i * columns + j];
    }
    const double least = trace > 0 ? damping.mean * trace / static_cast<double>(columns) : 1;
    for (size_t i = 0; i < columns; i++) {
        double& own = values[i * columns + i];
        own = (1 + damping.own) * own + least;
    }
    return {std::move(values), columns};
}

std::vector<double> InputSquares::inverse(ThreadPool& pool) const {
    const size_t n = columns_;
    std::vector<double> factor = values_;
    factorize(factor, n, pool);
    std::vector<double> out(n * n);
    pool.for_each((n + lanes - 1) / lanes, [&](size_t begin, size_t end) {
        std::vector<Lanes> x(n);
        for (size_t first = begin * lanes; first < std::min(n, end * lanes); first += lanes) {
            std::ranges::fill(x, Lanes{});
            const size_t count = std::min(lanes, n - first);
            for (size_t lane = 0; lane < count; lane++) x[first + lane][lane] = 1;
            solve(factor, n, first, x);
            for (size_t i = 0; i < n; i++)
                for (size_t lane = 0; lane < count; lane++) out[i * n + first + lane] = x[i][lane];
        }
    });
    return out;
}

Removal remove_groups(const InputSquares& squares, std::span<const float> weights, size_t width,
                      size_t count, ThreadPool& pool) {
    const size_t columns = squares.columns();
    check(width > 0 && columns % width == 0 && count < columns / width &&
              weights.size() % columns == 0,
          "whole groups, one of which stays");
    Elimination elimination(squares, weights, width, pool);
    Removal out;
    while (out.removed.size() < count) out.removed.push_back(elimination.remove_cheapest());
    elimination.store(out);
    return out;
}

double product_squares(const InputSquares& squares, std::span<const float> weights,
                       ThreadPool& pool) {
    const size_t columns = squares.columns(), rows = weights.size() / columns;
    const double* all = squares.matrix().data();
    std::vector<double> of_row(rows);
    pool.for_each((rows + lanes - 1) / lanes, [&](size_t begin, size_t end) {
        std::vector<Lanes> w(columns);
        for (size_t first = begin * lanes; first < std::min(rows, end * lanes); first += lanes) {
            const size_t count = std::min(lanes, rows - first);
            for (size_t c = 0; c < columns; c++)
                for (size_t lane = 0; lane < count; lane++)
                    w[c][lane] = weights[(first + lane) * columns + c];
            for (size_t c = 0; c < columns; c++) {
                Lanes sum{};
                for (size_t k = 0; k < columns; k++) sum += all[c * columns + k] * w[k];
                for (size_t lane = 0; lane < count; lane++)
                    of_row[first + lane] += w[c][lane] * sum[lane];
            }
        }
    });
    double sum = 0;
    for (double each : of_row) sum += each;
    return sum;
}

}  // namespace linnet
