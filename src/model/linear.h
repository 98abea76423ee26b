// A matrix with what may follow it: a bias, and what the adapters of a request add.
#pragma once

#include <vector>

#include "model/adapters/site.h"
#include "model/matrix.h"
#include "model/pass.h"

namespace linnet {

struct Linear {
    Matrix weight;
    std::vector<float> bias;            // (rows), or empty
    uint32_t site = AdapterSite::none;  // its number among the model's

    size_t rows() const { return weight.rows(); }

    // y = weight x + bias of all tokens of the batch, with what their adapters add, for rows begin
    // to end. The rest is as in Matrix::multiply().
    void run(const Pass& pass, Operand x, size_t begin, size_t end, float* y, size_t y_stride,
             float* scratch) const;
    // The same without adapters, of any rows of activations.
    template <class OperandKind>
    void run(const Kernels& kernels, const OperandKind& x, size_t tokens, size_t begin, size_t end,
             float* y, size_t y_stride, float* scratch) const {
        weight.multiply(kernels, x, tokens, begin, end, y, y_stride, scratch);
        add_bias(kernels, tokens, begin, end, y, y_stride);
    }
    // Only what the run's adapters add to the product with `count` rows of activations.
    void adapt(const Pass& pass, const Run& run, const float* x, size_t count,
               LowRankUpdate::Rows rows, float* y, size_t y_stride) const;

  private:
    void add_bias(const Kernels& kernels, size_t tokens, size_t begin, size_t end, float* y,
                  size_t y_stride) const;
};

}  // namespace linnet
