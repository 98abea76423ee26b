// Weights that activations are multiplied with: rows of one tensor in its own number format.
#pragma once

#include <vector>

#include "formats/checkpoint.h"
#include "kernels/kernels.h"

namespace linnet {

// A borrowed view of a tensor's rows; the Checkpoint it came from stays.
class Matrix {
  public:
    Matrix() = default;
    // REQUIRES: the tensor holds rows * columns decodable values, a row in whole blocks.
    Matrix(const Tensor& tensor, uint64_t columns);
    // The rows from `first` on, as a matrix of their own (fused projections).
    Matrix slice(size_t first, size_t rows) const;

    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }
    const DType& dtype() const { return *dtype_; }

    // y[t * y_stride + r] = row r . x[t * columns], for rows begin to end. `scratch` holds
    // scratch_floats() of this worker.
    void multiply(const Kernels& kernels, const float* x, size_t tokens, size_t begin, size_t end,
                  float* y, size_t y_stride, float* scratch) const;
    size_t scratch_floats() const { return panel_rows * columns_; }

    void decode_row(size_t row, float* out) const;

    // Rows are shared among workers in multiples of this.
    static constexpr size_t panel_rows = 16;

  private:
    const DType* dtype_ = nullptr;
    const std::byte* data_ = nullptr;
    size_t rows_ = 0, columns_ = 0, row_bytes_ = 0;
};

// A matrix with what may follow it.
struct Linear {
    Matrix weight;
    std::vector<float> bias;  // (rows), or empty

    size_t rows() const { return weight.rows(); }
    void run(const Kernels& kernels, const float* x, size_t tokens, size_t begin, size_t end,
             float* y, size_t y_stride, float* scratch) const;
};

}  // namespace linnet
