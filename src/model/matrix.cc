#include "model/matrix.h"

#include <algorithm>
#include <cstdint>

namespace linnet {

Matrix::Matrix(const Tensor& tensor, uint64_t columns)
    : dtype_(tensor.dtype),
      data_(tensor.data.data()),
      rows_(tensor.values / columns),
      columns_(columns) {
    auto bytes = dtype_->bytes_of(columns);
    check(dtype_->decode && bytes && *bytes * rows_ == tensor.data.size(),
          "a tensor's rows are whole blocks");
    row_bytes_ = *bytes;
}

Matrix Matrix::slice(size_t first, size_t rows) const {
    check(first + rows <= rows_, "a slice lies within the matrix");
    Matrix out = *this;
    out.data_ += first * row_bytes_;
    out.rows_ = rows;
    return out;
}

void Matrix::decode_row(size_t row, float* out) const {
    dtype_->decode(data_ + row * row_bytes_, out, columns_);
}

void Matrix::multiply(const Kernels& kernels, const float* x, size_t tokens, size_t begin,
                      size_t end, float* y, size_t y_stride, float* scratch) const {
    bool plain = dtype_->name == "f32" && reinterpret_cast<uintptr_t>(data_) % alignof(float) == 0;
    for (size_t r = begin; r < end; r += panel_rows) {
        size_t rows = std::min(panel_rows, end - r);
        const float* panel = scratch;
        if (plain)
            panel = reinterpret_cast<const float*>(data_ + r * row_bytes_);
        else
            dtype_->decode(data_ + r * row_bytes_, scratch, rows * columns_);
        kernels.matmul_f32(panel, rows, columns_, x, columns_, tokens, y + r, y_stride);
    }
}

void Linear::run(const Kernels& kernels, const float* x, size_t tokens, size_t begin, size_t end,
                 float* y, size_t y_stride, float* scratch) const {
    weight.multiply(kernels, x, tokens, begin, end, y, y_stride, scratch);
    if (bias.empty()) return;
    for (size_t t = 0; t < tokens; t++)
        kernels.add_scaled_f32(y + t * y_stride + begin, bias.data() + begin, 1, end - begin);
}

}  // namespace linnet
