#include "compress/rounding_error.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "compress/quantizer.h"

namespace linnet {
namespace {

// Values of the rows that are rounded; enough that formats are told apart, for little time.
constexpr uint64_t values_wanted = 80 << 10, rows_wanted = 256;

// e H e' of one row.
double product_error(const Feedback& feedback, const std::vector<float>& e) {
    double sum = 0;
    for (size_t i = 0; i < e.size(); i++) {
        const float* squares = feedback.squares(i);
        const float after =
            feedback.kernels().dot_f32(squares + i + 1, e.data() + i + 1, e.size() - i - 1);
        sum += double{e[i]} * (2 * double{after} + double{squares[i]} * e[i]);
    }
    return sum;
}

class Sample {
  public:
    Sample(const PlannedTensor& tensor, const DType& dtype, const Feedback* feedback,
           bool rounds_so)
        : tensor_(tensor),
          dtype_(dtype),
          feedback_(feedback),
          rounds_so_(feedback && rounds_so && takes_feedback(dtype)),
          columns_(tensor.source->shape.row()),
          rows_(tensor.source->values / columns_) {
        const uint64_t wanted = std::clamp<uint64_t>(values_wanted / columns_, 32, rows_wanted);
        stride_ = std::max<uint64_t>(1, rows_ / wanted);
        const Shape& shape = tensor.source->shape;
        per_matrix_ = shape.rank() > 1 ? shape[shape.rank() - 2] : 1;
        if (tensor.importance) means_ = tensor.importance->means();
    }

    // Groups of four rows, as many as feedback rounds at once.
    static constexpr size_t together = 4;
    size_t groups() const { return (sampled() + together - 1) / together; }

    // The error of a group; nothing where weights are no numbers.
    std::optional<double> error(size_t group) const {
        const size_t first = group * together, count = std::min(together, sampled() - first);
        const uint64_t row_bytes = *dtype_.bytes_of(columns_);
        std::vector<float> before(count * columns_), after(before.size());
        std::vector<std::byte> blocks(count * row_bytes);
        for (size_t i = 0; i < count; i++) decode(first + i, before.data() + i * columns_);
        if (!std::ranges::all_of(before, [](float x) { return std::isfinite(x); })) return {};
        if (rounds_so_)
            quantize_with_feedback(dtype_, *feedback_, before.data(), count, blocks.data());
        else
            for (size_t i = 0; i < count; i++)
                quantizer_of(dtype_)->quantize(before.data() + i * columns_, means_of(first + i),
                                               columns_, blocks.data() + i * row_bytes);
        dtype_.decode(blocks.data(), after.data(), after.size());
        double sum = 0;
        std::vector<float> errors(columns_);
        for (size_t i = 0; i < count; i++) {
            for (size_t c = 0; c < columns_; c++)
                errors[c] = after[i * columns_ + c] - before[i * columns_ + c];
            if (feedback_) {
                sum += product_error(*feedback_, errors);
                continue;
            }
            const float* means = means_of(first + i);
            for (size_t c = 0; c < columns_; c++)
                sum += (means ? double{means[c]} : 1) * errors[c] * errors[c];
        }
        return sum;
    }

  private:
    size_t sampled() const { return (rows_ + stride_ - 1) / stride_; }
    void decode(size_t place, float* to) const {
        const DType& from = *tensor_.source->dtype;
        from.decode(tensor_.source->data.data() + place * stride_ * *from.bytes_of(columns_), to,
                    columns_);
    }
    const float* means_of(size_t place) const {
        if (means_.empty()) return nullptr;
        return means_.data() + place * stride_ / per_matrix_ * columns_;
    }

    const PlannedTensor& tensor_;
    const DType& dtype_;
    const Feedback* feedback_;
    bool rounds_so_;
    uint64_t columns_, rows_, stride_ = 1, per_matrix_ = 1;
    std::vector<float> means_;
};

}  // namespace

Result<double> rounding_error(const PlannedTensor& tensor, const DType& dtype,
                              const Feedback* feedback, bool rounds_so, ThreadPool& pool,
                              const Cancel& cancel) {
    TRY(cancel.check());
    const Sample sample(tensor, dtype, feedback, rounds_so);
    std::vector<double> errors(sample.groups());
    std::atomic<bool> numbers = true;
    pool.for_each(errors.size(), [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; i++) {
            auto error = sample.error(i);
            if (error)
                errors[i] = *error;
            else
                numbers = false;
        }
    });
    if (!numbers)
        return Error{Code::BadInput, cat("tensor '", printable(tensor.source->name),
                                         "' has weights that are no numbers")};
    return std::accumulate(errors.begin(), errors.end(), 0.0);
}

}  // namespace linnet
