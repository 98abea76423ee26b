#include "compress/feedback.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "compress/quantizers/feedback_blocks.h"
#include "compress/quantizers/lanes.h"

namespace linnet {
namespace {

using Doubles = double __attribute__((vector_size(32)));

double dot(const double* a, const double* b, size_t n) {
    Doubles sums{};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t lane = 0; lane < 4; lane++) sums[lane] += a[i + lane] * b[i + lane];
    double sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

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

}  // namespace

Feedback Feedback::of(std::span<const float> hessian, size_t columns) {
    check(hessian.size() == columns * columns, "a square matrix");
    std::vector<double> h(hessian.begin(), hessian.end());
    double trace = 0;
    for (size_t i = 0; i < columns; i++) trace += h[i * columns + i];
    const double damping = trace > 0 ? 0.01 * trace / static_cast<double>(columns) : 1;
    for (size_t i = 0; i < columns; i++) h[i * columns + i] += damping;
    factorize(h, columns);
    Feedback out;
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

bool takes_feedback(const DType& dtype) {
    return quantize::feedback_coder(dtype.name) != nullptr;
}

void quantize_with_feedback(const DType& dtype, const Feedback& feedback, const float* weights,
                            size_t rows, std::byte* blocks) {
    using quantize::FeedbackBlock, quantize::Floats, quantize::lanes;
    const quantize::FeedbackCoder* coder = quantize::feedback_coder(dtype.name);
    check(coder != nullptr, "a format that takes feedback");
    const size_t columns = feedback.columns(), row_bytes = *dtype.bytes_of(columns);
    const size_t width = coder->width;
    std::vector<Floats> row(columns), original(columns), errors(width);
    FeedbackBlock block;
    for (size_t first = 0; first < rows; first += lanes) {
        const size_t count = std::min<size_t>(lanes, rows - first);
        for (size_t c = 0; c < columns; c++)
            for (size_t lane = 0; lane < lanes; lane++)
                row[c][lane] = weights[(first + std::min(lane, count - 1)) * columns + c];
        original = row;  // what is carried is of the weights as they were
        for (size_t begin = 0; begin < columns; begin += width) {
            for (size_t i = 0; i < width; i++) block.cost[i] = feedback.cost(begin + i);
            std::copy_n(row.data() + begin, width, block.x);
            coder->fit(block);
            for (size_t i = 0; i < width; i++) {
                block.level[i] = coder->level(block, i);
                errors[i] = original[begin + i] - coder->value(block, i);
                const float* carry = feedback.carry(begin + i) + begin;
                for (size_t k = i + 1; k < width; k++) block.x[k] += errors[i] * carry[k];
            }
            for (size_t lane = 0; lane < count; lane++)
                coder->store(
                    block, static_cast<int>(lane),
                    blocks + (first + lane) * row_bytes + begin / width * dtype.block_bytes);
            for (size_t i = 0; i < width; i++) {
                const float* carry = feedback.carry(begin + i);
                for (size_t c = begin + width; c < columns; c++) row[c] += errors[i] * carry[c];
            }
        }
    }
}

}  // namespace linnet
