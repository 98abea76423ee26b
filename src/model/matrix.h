// Weights that activations are multiplied with: rows of one tensor, in its own number format or
// repacked for speed.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/threads.h"
#include "formats/checkpoint.h"
#include "kernels/kernels.h"
#include "model/pack_memory.h"

namespace linnet {

// Two arithmetics. F32 is the oracle: float32 of the dequantized weights. Fast multiplies 4- to
// 8-bit weights with int8 activations where the format has a packed form, and is F32 where it has
// none.
enum class Math { F32, Fast };

// What a matrix is multiplied with: (tokens, columns) as floats and, for packed weights, as blocks
// of int8.
struct Operand {
    const float* x = nullptr;
    const ActBlock* blocks = nullptr;

    // Floats that hold the blocks of `columns` values.
    static constexpr size_t block_floats(size_t columns) {
        return (columns / pack_columns) * (sizeof(ActBlock) / sizeof(float));
    }
};

// The same with activations of about 15 bits: of each token a row of blocks, then one of what these
// leave over. For the head: int8 activations there were a quarter of all that they cost in accuracy
// (0.0020 instead of 0.0027 mean divergence, default model), and its weights take longer to come
// than to be multiplied with twice as many.
struct FineOperand {
    const float* x = nullptr;
    const ActBlock* blocks = nullptr;

    static constexpr size_t rows_per_token = 2;
    static void quantize(const Kernels& kernels, const float* x, size_t columns, ActBlock* to);
};

// A borrowed view of a tensor's rows; the Checkpoint it came from stays. Copies share what was
// packed.
class Matrix {
  public:
    Matrix() = default;
    // REQUIRES: the tensor holds rows * columns decodable values, a row in whole blocks.
    Matrix(const Tensor& tensor, uint64_t columns);
    // The rows from `first` on, as a matrix of their own (fused projections). REQUIRES: not packed.
    Matrix slice(size_t first, size_t rows) const;
    // Rows of a tensor of (columns, more rows) the other way round, copied. REQUIRES: as above, and
    // a format whose blocks are single values.
    static Matrix transposed(const Tensor& tensor, uint64_t columns, size_t first, size_t rows);
    // Row i is row order[i] of this one, copied. REQUIRES: not packed.
    Matrix reordered(std::span<const size_t> order) const;

    // Repacks the rows for Math::Fast where their format and length allow: now, or each time they
    // are used where the memory has no room for them.
    Result<> pack(ThreadPool& pool, PackMemory& memory);
    bool packed() const { return packing_ != nullptr; }  // now or later

    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }
    Bytes bytes() const { return {data_, rows_ * row_bytes_}; }  // of the rows as they came

    // y[t * y_stride + r] = row r . x[t * columns], for rows begin to end. `scratch` holds
    // scratch_floats() of this worker. REQUIRES: x has blocks where the matrix is packed, and begin
    // is a multiple of panel_rows.
    void multiply(const Kernels& kernels, Operand x, size_t tokens, size_t begin, size_t end,
                  float* y, size_t y_stride, float* scratch) const;
    void multiply(const Kernels& kernels, FineOperand x, size_t tokens, size_t begin, size_t end,
                  float* y, size_t y_stride, float* scratch) const;
    size_t scratch_floats() const;

    void decode_row(size_t row, float* out) const;

    // Rows are shared among workers in multiples of this.
    static constexpr size_t panel_rows = pack_rows;
    static constexpr size_t whole_panels(size_t rows) {
        return (rows + panel_rows - 1) / panel_rows * panel_rows;
    }

  private:
    // A fine product is of so many rows and tokens at once.
    static constexpr size_t fine_rows = 4 * pack_rows, fine_tokens = 4;
    static constexpr size_t fine_floats = fine_rows * FineOperand::rows_per_token * fine_tokens;
    size_t group_bytes() const { return packing_->layout.group_bytes(columns_ / pack_columns); }
    void multiply_packed(const Kernels& kernels, const ActBlock* x, size_t tokens, size_t begin,
                         size_t end, float* y, size_t y_stride, float* room) const;
    void pack_from(size_t row, std::byte* group) const;

    bool multiply_in_place(const Kernels& kernels, const float* x, size_t tokens, size_t begin,
                           size_t end, float* y, size_t y_stride) const;

    const DType* dtype_ = nullptr;
    const std::byte* data_ = nullptr;
    size_t rows_ = 0, columns_ = 0, row_bytes_ = 0;
    const Packing* packing_ = nullptr;
    std::shared_ptr<std::byte> packed_;  // null where each use packs
    std::shared_ptr<std::byte[]> own_;   // of the data, where it is a copy
};

}  // namespace linnet
