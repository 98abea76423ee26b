#include "model/matrix.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

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
    check(!packed(), "slices are taken before packing");
    check(first + rows <= rows_, "a slice lies within the matrix");
    Matrix out = *this;
    out.data_ += first * row_bytes_;
    out.rows_ = rows;
    return out;
}

static std::shared_ptr<std::byte[]> room(size_t bytes) {
    return std::shared_ptr<std::byte[]>(new std::byte[bytes]);
}

Matrix Matrix::transposed(const Tensor& tensor, uint64_t columns, size_t first, size_t rows) {
    const size_t bytes = tensor.dtype->block_bytes, all = tensor.values / columns;
    check(tensor.dtype->block_values == 1, "single values can be moved");
    Matrix out = Matrix(tensor, columns).slice(first, rows);
    out.own_ = room(rows * out.row_bytes_);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            std::memcpy(out.own_.get() + row * out.row_bytes_ + column * bytes,
                        tensor.data.data() + (column * all + first + row) * bytes, bytes);
    out.data_ = out.own_.get();
    return out;
}

Matrix Matrix::reordered(std::span<const size_t> order) const {
    check(!packed(), "rows are moved before packing");
    Matrix out = *this;
    out.rows_ = order.size();
    out.own_ = room(order.size() * row_bytes_);
    for (size_t row = 0; row < order.size(); row++) {
        check(order[row] < rows_, "a row of the matrix");
        std::memcpy(out.own_.get() + row * row_bytes_, data_ + order[row] * row_bytes_, row_bytes_);
    }
    out.data_ = out.own_.get();
    return out;
}

void Matrix::decode_row(size_t row, float* out) const {
    dtype_->decode(data_ + row * row_bytes_, out, columns_);
}

Result<> Matrix::pack(ThreadPool& pool, PackMemory& memory) {
    const Packing* packing = packing_of(dtype_->name);
    if (packed()) return Done{};
    if (!packing || columns_ % pack_columns != 0) {
        memory.hold(bytes().size());
        return Done{};
    }
    packing_ = packing;
    size_t groups = (rows_ + pack_rows - 1) / pack_rows;
    if (!memory.hold(groups * group_bytes())) return Done{};
    packed_ = TRY(memory.take(groups * group_bytes()));
    std::byte* to = packed_.get();
    pool.for_each(groups, [&](size_t begin, size_t end) {
        for (size_t group = begin; group < end; group++)
            pack_from(group * pack_rows, to + group * group_bytes());
    });
    return Done{};
}

// The group that begins at a row.
void Matrix::pack_from(size_t row, std::byte* group) const {
    pack_group(*packing_, data_ + row * row_bytes_, std::min(pack_rows, rows_ - row),
               columns_ / pack_columns, group);
}

size_t Matrix::scratch_floats() const {
    if (!packed()) return panel_rows * columns_;
    return fine_floats + (packed_ ? 0 : group_bytes() / sizeof(float));
}

// `room` has that of a group.
void Matrix::multiply_packed(const Kernels& kernels, const ActBlock* x, size_t tokens, size_t begin,
                             size_t end, float* y, size_t y_stride, float* room) const {
    check(x && begin % pack_rows == 0, "packed rows are multiplied in groups, with blocks");
    const size_t blocks = columns_ / pack_columns;
    if (packed_)
        return kernels.matmul_packed(packing_->layout,
                                     packed_.get() + begin / pack_rows * group_bytes(), end - begin,
                                     blocks, x, tokens, y, y_stride);
    // They are read while the first of them are multiplied.
    will_need({data_ + begin * row_bytes_, (end - begin) * row_bytes_});
    auto* group = reinterpret_cast<std::byte*>(room);
    for (size_t row = begin; row < end; row += pack_rows) {
        pack_from(row, group);
        kernels.matmul_packed(packing_->layout, group, std::min(pack_rows, end - row), blocks, x,
                              tokens, y + (row - begin), y_stride);
    }
}

// Floats of any size, where they lie; false where the rows are something else, or lie crooked.
bool Matrix::multiply_in_place(const Kernels& kernels, const float* x, size_t tokens, size_t begin,
                               size_t end, float* y, size_t y_stride) const {
    auto with = [&]<class Number>(Kernels::Matmul<Number> matmul) {
        const std::byte* rows = data_ + begin * row_bytes_;
        if (reinterpret_cast<uintptr_t>(rows) % alignof(Number) != 0) return false;
        matmul(reinterpret_cast<const Number*>(rows), end - begin, columns_, x, columns_, tokens, y,
               y_stride);
        return true;
    };
    if (dtype_->name == "f32") return with(kernels.matmul_f32);
    if (dtype_->name == "f16") return with(kernels.matmul_f16);
    if (dtype_->name == "bf16") return with(kernels.matmul_bf16);
    return false;
}

void Matrix::multiply(const Kernels& kernels, Operand x, size_t tokens, size_t begin, size_t end,
                      float* y, size_t y_stride, float* scratch) const {
    if (packed())
        return multiply_packed(kernels, x.blocks, tokens, begin, end, y + begin, y_stride, scratch);
    if (multiply_in_place(kernels, x.x, tokens, begin, end, y + begin, y_stride)) return;
    for (size_t r = begin; r < end; r += panel_rows) {
        size_t rows = std::min(panel_rows, end - r);
        dtype_->decode(data_ + r * row_bytes_, scratch, rows * columns_);
        kernels.matmul_f32(scratch, rows, columns_, x.x, columns_, tokens, y + r, y_stride);
    }
}

void FineOperand::quantize(const Kernels& kernels, const float* x, size_t columns, ActBlock* to) {
    const size_t blocks = columns / pack_columns;
    for (size_t block = 0; block < blocks; block++, x += pack_columns) {
        ActBlock& coarse = to[block];
        kernels.quantize_activations(x, 1, &coarse);
        float rest[pack_columns];
        for (size_t i = 0; i < pack_columns; i++)
            rest[i] = x[i] - coarse.scale * static_cast<float>(coarse.q[i]);
        kernels.quantize_activations(rest, 1, to + blocks + block);
    }
}

void Matrix::multiply(const Kernels& kernels, FineOperand x, size_t tokens, size_t begin,
                      size_t end, float* y, size_t y_stride, float* scratch) const {
    constexpr size_t each = FineOperand::rows_per_token;
    if (!packed()) return multiply(kernels, Operand{x.x}, tokens, begin, end, y, y_stride, scratch);
    const size_t blocks = columns_ / pack_columns;
    for (size_t row = begin; row < end; row += fine_rows) {
        size_t until = std::min(row + fine_rows, end);
        for (size_t first = 0; first < tokens; first += fine_tokens) {
            size_t count = std::min(fine_tokens, tokens - first);
            multiply_packed(kernels, x.blocks + first * each * blocks, count * each, row, until,
                            scratch, fine_rows, scratch + fine_floats);
            for (size_t t = 0; t < count; t++) {
                const float* coarse = scratch + t * each * fine_rows;
                for (size_t r = row; r < until; r++)
                    y[(first + t) * y_stride + r] = coarse[r - row] + coarse[fine_rows + r - row];
            }
        }
    }
}

}  // namespace linnet
