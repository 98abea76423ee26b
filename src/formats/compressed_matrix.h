// A matrix that lies in a folder as small integers or floats with scales: the tensors MODULE.weight
// or MODULE.weight_packed, weight_scale, weight_zero_point, weight_shape, weight_g_idx and
// weight_global_scale, as compressed-tensors lays them out. Each weight is (level - zero) * scale.
#pragma once

#include "base/threads.h"
#include "formats/checkpoint.h"
#include "formats/compressed_config.h"

namespace linnet {

class CompressedMatrix {
  public:
    // BadInput where a tensor is missing or of a shape that does not go with the others.
    static Result<CompressedMatrix> read(const Checkpoint& folder, std::string_view module,
                                         const CompressedConfig& config);

    uint64_t rows() const { return rows_; }
    uint64_t columns() const { return columns_; }

    // The number format of blocks that holds the same numbers, where there is one: the bits as they
    // are, and scales (and offsets) in float16. Else the smallest of float16, bfloat16 and float32
    // that holds every weight exactly.
    const DType& dtype(ThreadPool& pool) const;
    // One row in that type. `out` has its size.
    void write_row(const DType& dtype, uint64_t row, std::byte* out) const;

  private:
    enum class Levels { Packed, Whole, Nibbles };  // integers in words; a value a byte; E2M1

    struct Parts;
    Result<> read_levels(const Parts& parts, const CompressedConfig& config);
    Result<> read_packed(const Parts& parts, const CompressedConfig& config);
    Result<> read_scales(const Parts& parts, const CompressedConfig& config);
    Result<> divide_rows_and_columns(const Parts& parts, const CompressedConfig& config);
    Result<> read_zeros(const Parts& parts);
    Result<> read_group_index(const Parts& parts);

    const DType* block_dtype() const;
    uint32_t code(const uint8_t* words, uint64_t i) const;
    void levels_of(uint64_t row, float* out) const;
    void decode_row(uint64_t row, float* out) const;
    size_t scale_place(uint64_t row, uint64_t column) const;
    void write_nibble_block(uint64_t row, uint64_t first, std::byte* out) const;

    uint64_t rows_ = 0, columns_ = 0;
    Levels levels_ = Levels::Whole;
    uint64_t bits_ = 8;             // of Packed
    uint64_t values_per_word_ = 0;  // of Packed with unused bits in each word; 0 where none are
    const Tensor* weight_ = nullptr;
    // (rows / rows_per_scale, columns / columns_per_scale), rounded up.
    std::vector<float> scales_, zeros_;  // no zeros: all are 0
    uint64_t scale_columns_ = 1, rows_per_scale_ = 1, columns_per_scale_ = 1;
    std::vector<uint32_t> group_of_;    // of each column, where groups are no runs of columns
    bool power_of_two_scales_ = false;  // as exponents in scale_codes_
    Bytes scale_codes_{};
};

}  // namespace linnet
