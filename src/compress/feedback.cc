#include "compress/feedback.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "compress/dot.h"
#include "compress/quantizers/feedback_blocks.h"
#include "compress/quantizers/lanes.h"

namespace linnet {
namespace {

// What a text of some ten thousand tokens says of columns that move together holds less of another
// text than what it says of each column: the share that the diagonal grows by. On the default model
// (20,000 tokens, judged on another text) the products of the rows of 1536 come 10 % closer by it,
// those of 576 3 %.
constexpr double shrinkage = 0.3;

// R with H = R R', upper triangular, row by row from the last. In double precision: H is nearly
// singular where columns move together.
void factorize(std::vector<double>& h, size_t n) {
    for (size_t j = n; j-- > 0;) {
        double* row_j = h.data() + j * n;
        const size_t after = j + 1, count = n - after;
        const double rest = row_j[j] - dot(row_j + after, row_j + after, count);
        check(rest > 0, "a damped matrix of squares is positive definite");
        row_j[j] = std::sqrt(rest);
        for (size_t i = 0; i < j; i++) {
            double* row_i = h.data() + i * n;
            row_i[j] = (row_i[j] - dot(row_i + after, row_j + after, count)) / row_j[j];
        }
    }
}

using quantize::all, quantize::lanes, quantize::select;
using quantize::FeedbackBlock, quantize::FeedbackCoder, quantize::Floats, quantize::Mask;

// Rounds rows, one per lane.
class RowRounding {
  public:
    RowRounding(const FeedbackCoder& coder, const Feedback& feedback)
        : coder_(coder),
          feedback_(feedback),
          columns_(feedback.columns()),
          original_(columns_),
          rows_(lanes * columns_),
          blocks_(columns_ / coder.width) {}

    // (count, columns). Lanes beyond `count` repeat the last row.
    void take(const float* weights, size_t count) {
        for (size_t c = 0; c < columns_; c++)
            for (size_t lane = 0; lane < lanes; lane++)
                original_[c][lane] = weights[std::min(lane, count - 1) * columns_ + c];
    }

    // Column after column, each with what those before it leave.
    void round_in_order() {
        const size_t width = coder_.width;
        for (size_t c = 0; c < columns_; c++) put(c, original_[c]);
        std::vector<Floats> errors(width);
        for (size_t begin = 0; begin < columns_; begin += width) {
            FeedbackBlock& block = blocks_[begin / width];
            for (size_t i = 0; i < width; i++) {
                block.cost[i] = feedback_.cost(begin + i);
                block.x[i] = at(begin + i);
            }
            coder_.fit(block);
            for (size_t i = 0; i < width; i++) {
                block.level[i] = coder_.level(block, i);
                errors[i] = original_[begin + i] - coder_.value(block, i);
                const float* carry = feedback_.carry(begin + i) + begin;
                for (size_t k = i + 1; k < width; k++) block.x[k] += errors[i] * carry[k];
            }
            for (size_t i = 0; i < width; i++)
                add(errors[i], feedback_.carry(begin + i), begin + width);
        }
    }

    void descend() {
        std::ranges::fill(rows_, 0.0f);
        for (size_t c = 0; c < columns_; c++) move(c, value_at(c) - original_[c]);
        for (int sweep = 0; sweep < sweeps_max; sweep++) {
            bool changed = false;
            for (size_t begin = 0; begin < columns_; begin += coder_.width) {
                FeedbackBlock& block = blocks_[begin / coder_.width];
                if (coder_.kind != FeedbackCoder::Scale::Fixed) refit_scale(block, begin);
                for (size_t i = 0; i < coder_.width; i++) changed |= reround(block, begin, i);
            }
            if (!changed) break;
        }
    }

    void store(size_t count, size_t block_bytes, size_t row_bytes, std::byte* to) const {
        for (size_t b = 0; b < blocks_.size(); b++)
            for (size_t lane = 0; lane < count; lane++)
                coder_.store(blocks_[b], static_cast<int>(lane),
                             to + lane * row_bytes + b * block_bytes);
    }

  private:
    static constexpr int sweeps_max = 4;

    Floats value_at(size_t column) const {
        return coder_.value(blocks_[column / coder_.width], column % coder_.width);
    }

    // A column's value becomes so much larger.
    void move(size_t column, Floats by) { add(-by, feedback_.squares(column), 0); }

    bool reround(FeedbackBlock& block, size_t begin, size_t i) {
        const Floats now = coder_.value(block, i);
        const Floats best = now + at(begin + i) / feedback_.squares(begin + i)[begin + i];
        const Floats level = coder_.level_for(block, i, best);
        const Mask other = level != block.level[i];
        if (!any(other)) return false;
        block.level[i] = level;
        move(begin + i, coder_.value(block, i) - now);
        return true;
    }

    // The scale with which, levels as they are, the error is least.
    void refit_scale(FeedbackBlock& block, size_t begin) {
        const bool parts = coder_.kind == FeedbackCoder::Scale::OfParts;
        Floats scale = block.scale[0];
        if (parts)
            for (int lane = 0; lane < lanes; lane++) scale[lane] = block.whole_scale[lane];
        const Floats divisor = quantize::divisor(scale);
        Floats unit[FeedbackBlock::width_max];  // a column's value for a scale of one
        Floats pull{}, square{};
        for (size_t i = 0; i < coder_.width; i++) {
            unit[i] = block.scale[i / coder_.part] * block.level[i] / divisor;
            pull += unit[i] * at(begin + i);
            const float* squares = feedback_.squares(begin + i) + begin;
            Floats sum{};
            for (size_t k = 0; k < i; k++) sum += squares[k] * unit[k];
            square += unit[i] * (2 * sum + squares[i] * unit[i]);
        }
        Floats next =
            scale + select(square > 0, pull / select(square > 0, square, all(1)), Floats{});
        for (int lane = 0; lane < lanes; lane++) next[lane] = quantize::half(next[lane]);
        const Floats by = next - scale;
        const Mask better = (by * (2 * pull - by * square) > 0) & (scale != 0) & (next != 0);
        if (!any(better)) return;
        const Floats factor = select(better, next / divisor, all(1));
        for (size_t part = 0; part * coder_.part < coder_.width; part++)
            block.scale[part] *= factor;
        for (int lane = 0; lane < lanes; lane++) {
            if (!better[lane]) continue;
            block.whole_scale[lane] = next[lane];
            if (!parts) block.scale[0][lane] = next[lane];
        }
        const Floats moved = select(better, by, Floats{});
        for (size_t i = 0; i < coder_.width; i++) move(begin + i, moved * unit[i]);
    }

    // rows += by * values, from a column on.
    void add(Floats by, const float* values, size_t from) {
        for (int lane = 0; lane < lanes; lane++)
            if (by[lane] != 0)
                feedback_.kernels().add_scaled_f32(rows_.data() + lane * columns_ + from,
                                                   values + from, by[lane], columns_ - from);
    }
    Floats at(size_t column) const {
        Floats out;
        for (int lane = 0; lane < lanes; lane++) out[lane] = rows_[lane * columns_ + column];
        return out;
    }
    void put(size_t column, Floats values) {
        for (int lane = 0; lane < lanes; lane++) rows_[lane * columns_ + column] = values[lane];
    }

    static bool any(Mask mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }

    const FeedbackCoder& coder_;
    const Feedback& feedback_;
    size_t columns_;
    std::vector<Floats> original_;
    // (lanes, columns): the weights as they have become; then E H, with E what is left of them,
    // which tells where each column leans.
    std::vector<float> rows_;
    std::vector<FeedbackBlock> blocks_;
};

}  // namespace

Feedback Feedback::of(std::span<const float> hessian, size_t columns, const Kernels& kernels) {
    check(hessian.size() == columns * columns, "a square matrix");
    std::vector<double> h(hessian.begin(), hessian.end());
    double trace = 0;
    for (size_t i = 0; i < columns; i++) trace += h[i * columns + i];
    const double damping = trace > 0 ? 0.01 * trace / static_cast<double>(columns) : 1;
    for (size_t i = 0; i < columns; i++)
        h[i * columns + i] = (1 + shrinkage) * h[i * columns + i] + damping;
    Feedback out(kernels);
    out.squares_.resize(columns * columns);
    for (size_t i = 0; i < columns; i++)
        for (size_t j = i; j < columns; j++)
            out.squares_[i * columns + j] = out.squares_[j * columns + i] =
                static_cast<float>(h[i * columns + j]);
    factorize(h, columns);
    out.cost_.resize(columns);
    out.carry_.resize(columns * columns);
    for (size_t j = 0; j < columns; j++) {
        const double diagonal = h[j * columns + j];
        out.cost_[j] = static_cast<float>(diagonal * diagonal);
        for (size_t i = 0; i < j; i++)
            out.carry_[i * columns + j] = static_cast<float>(h[i * columns + j] / diagonal);
    }
    return out;
}

// With S = diag(1 / divisors), S H S = (I + S C S^-1) S D S (I + S C S^-1)'.
Feedback Feedback::divided(std::span<const float> divisors) const {
    check(divisors.size() == columns(), "a divisor for each column");
    Feedback out = *this;
    for (size_t i = 0; i < columns(); i++) {
        out.cost_[i] /= divisors[i] * divisors[i];
        for (size_t j = 0; j < columns(); j++) {
            out.carry_[i * columns() + j] *= divisors[j] / divisors[i];
            out.squares_[i * columns() + j] /= divisors[i] * divisors[j];
        }
    }
    return out;
}

bool takes_feedback(const DType& dtype) {
    return quantize::feedback_coder(dtype.name) != nullptr;
}

void quantize_with_feedback(const DType& dtype, const Feedback& feedback, const float* weights,
                            size_t rows, std::byte* blocks) {
    const quantize::FeedbackCoder* coder = quantize::feedback_coder(dtype.name);
    check(coder != nullptr, "a format that takes feedback");
    const size_t columns = feedback.columns(), row_bytes = *dtype.bytes_of(columns);
    RowRounding rounding(*coder, feedback);
    for (size_t first = 0; first < rows; first += lanes) {
        const size_t count = std::min<size_t>(lanes, rows - first);
        rounding.take(weights + first * columns, count);
        rounding.round_in_order();
        rounding.descend();
        rounding.store(count, dtype.block_bytes, row_bytes, blocks + first * row_bytes);
    }
}

}  // namespace linnet
