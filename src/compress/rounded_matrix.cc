#include "compress/rounded_matrix.h"

#include <algorithm>
#include <cmath>

namespace linnet {
namespace {

using Shared = FolderScheme::Shared;

// Rows that are rounded together, so that what is said of a column is read once for all of them.
constexpr size_t rows_at_once = 8;

class MatrixRounding {
  public:
    MatrixRounding(const RoundingInput& input, const Grid& grid, RoundedMatrix& out)
        : in_(input), grid_(grid), out_(out), columns_(static_cast<size_t>(input.columns)) {
        const FolderScheme& scheme = input.scheme;
        part_rows_ = scheme.shared == Shared::ByTensor  ? input.rows
                     : scheme.shared == Shared::ByBlock ? scheme.group
                                                        : 1;
        part_columns_ = scheme.shared == Shared::ByGroup || scheme.shared == Shared::ByBlock
                            ? scheme.group
                            : input.columns;
        out.rows = input.rows;
        out.columns = input.columns;
        out.down = (input.rows + part_rows_ - 1) / part_rows_;
        out.across = (input.columns + part_columns_ - 1) / part_columns_;
        out.codes.resize(input.rows * input.columns);
        out.scales.resize(out.down * out.across);
        if (!scheme.symmetric) out.zeros.resize(out.scales.size());
    }

    void round(ThreadPool& pool) {
        if (part_rows_ > 1)
            pool.for_each(out_.scales.size(), [&](size_t begin, size_t end) {
                for (size_t i = begin; i < end; i++) fit_block(i / out_.across, i % out_.across);
            });
        const size_t batches = (in_.rows + rows_at_once - 1) / rows_at_once;
        pool.for_each(batches, [&](size_t begin, size_t end) {
            for (size_t b = begin; b < end; b++)
                round_rows(b * rows_at_once, std::min<size_t>(in_.rows, (b + 1) * rows_at_once));
        });
    }

  private:
    std::span<const float> weights(size_t row) const {
        return in_.weights.subspan(row * columns_, columns_);
    }
    size_t place(size_t row, size_t column) const {
        return row / part_rows_ * out_.across + column / part_columns_;
    }
    GridScale scale_at(size_t row, size_t column) const {
        const size_t at = place(row, column);
        return {out_.scales[at], out_.zeros.empty() ? 0 : out_.zeros[at]};
    }
    void keep(size_t at, GridScale scale) {
        out_.scales[at] = scale.scale;
        if (!out_.zeros.empty()) out_.zeros[at] = scale.zero;
    }

    // Of parts with several rows only the farthest values count.
    void fit_block(size_t down, size_t across) {
        const size_t first = across * part_columns_;
        const size_t count = std::min(columns_ - first, part_columns_);
        float least = 0, most = 0;
        for (size_t r = down * part_rows_; r < std::min<size_t>(in_.rows, (down + 1) * part_rows_);
             r++) {
            const auto [low, high] = std::ranges::minmax(weights(r).subspan(first, count));
            least = std::min(least, low);
            most = std::max(most, high);
        }
        const float ends[2] = {least, most};
        keep(down * out_.across + across, grid_.fit(ends, {}));
    }

    void fit_part(size_t row, size_t first, std::span<const float> values) {
        if (part_rows_ > 1) return;
        const size_t count = std::min(columns_ - first, part_columns_);
        keep(place(row, first),
             grid_.fit(values.subspan(first, count),
                       in_.costs.empty() ? in_.costs : in_.costs.subspan(first, count)));
    }

    void round_rows(size_t begin, size_t end) {
        if (in_.feedback) return round_with_feedback(begin, end);
        for (size_t r = begin; r < end; r++) {
            for (size_t c = 0; c < columns_; c += part_columns_) fit_part(r, c, weights(r));
            for (size_t c = 0; c < columns_; c++)
                out_.codes[r * columns_ + c] =
                    grid_.code(grid_.level(weights(r)[c], scale_at(r, c)));
        }
    }

    void round_with_feedback(size_t begin, size_t end) {
        const Feedback& feedback = *in_.feedback;
        const size_t rows = end - begin;
        // What the weights have become; then (weights - values) H.
        std::vector<float> now(in_.weights.begin() + static_cast<ptrdiff_t>(begin * columns_),
                               in_.weights.begin() + static_cast<ptrdiff_t>(end * columns_));
        std::vector<float> levels(rows * columns_);
        auto row = [&](size_t r) { return std::span(now).subspan(r * columns_, columns_); };
        for (size_t c = 0; c < columns_; c++)
            for (size_t r = 0; r < rows; r++) {
                if (c % part_columns_ == 0) fit_part(begin + r, c, row(r));
                const GridScale scale = scale_at(begin + r, c);
                const float level = grid_.level(row(r)[c], scale);
                levels[r * columns_ + c] = level;
                const float rest = weights(begin + r)[c] - grid_.value(level, scale);
                feedback.kernels().add_scaled_f32(row(r).data() + c + 1, feedback.carry(c) + c + 1,
                                                  rest, columns_ - c - 1);
            }
        std::ranges::fill(now, 0.0f);
        for (size_t c = 0; c < columns_; c++)
            for (size_t r = 0; r < rows; r++)
                move(row(r), c,
                     weights(begin + r)[c] -
                         grid_.value(levels[r * columns_ + c], scale_at(begin + r, c)));
        descend(begin, end, levels, row);
        for (size_t i = 0; i < levels.size(); i++)
            out_.codes[begin * columns_ + i] = grid_.code(levels[i]);
    }

    void descend(size_t begin, size_t end, std::vector<float>& levels, auto row) {
        constexpr int sweeps_max = 3;
        bool changed = true;
        for (int sweep = 0; sweep < sweeps_max && changed; sweep++) {
            changed = false;
            for (size_t c = 0; c < columns_; c++)
                for (size_t r = 0; r < end - begin; r++) {
                    const GridScale scale = scale_at(begin + r, c);
                    float& level = levels[r * columns_ + c];
                    const float value = grid_.value(level, scale);
                    const float best = value + row(r)[c] / in_.feedback->squares(c)[c];
                    const float other = grid_.level(best, scale);
                    if (other == level) continue;
                    changed = true;
                    level = other;
                    move(row(r), c, value - grid_.value(other, scale));
                }
        }
    }

    // A weight is off by so much more.
    void move(std::span<float> row, size_t column, float by) const {
        if (by != 0)
            in_.feedback->kernels().add_scaled_f32(row.data(), in_.feedback->squares(column), by,
                                                   columns_);
    }

    const RoundingInput& in_;
    const Grid& grid_;
    RoundedMatrix& out_;
    size_t columns_, part_rows_ = 1, part_columns_ = 1;
};

float magnitude(std::span<const float> values) {
    const auto [least, most] = std::ranges::minmax(values);
    return std::max(-least, most);
}

}  // namespace

RoundedMatrix round_matrix(const RoundingInput& input, ThreadPool& pool) {
    check(input.weights.size() == input.rows * input.columns, "a weight for each row and column");
    RoundedMatrix out;
    if (input.scheme.scales == FolderScheme::Scales::E4M3) {
        constexpr float scale_most = 448, level_most = 6;
        const float size = input.farthest > 0 ? input.farthest : magnitude(input.weights);
        // A power of two, so that scales are exact whatever reads them.
        if (size > 0) out.whole = std::exp2(std::floor(std::log2(scale_most * level_most / size)));
    }
    const Grid grid(input.scheme, input.stored, out.whole);
    MatrixRounding(input, grid, out).round(pool);
    return out;
}

}  // namespace linnet
