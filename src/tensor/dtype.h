// Number formats. One format is one row of the table (dtype.cc) and one file (dtypes/): block size,
// bytes and how a block becomes float32. Adding one touches nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace linnet {

struct DType {
    std::string_view name;         // lower case, as ggml has it: "q4_1"
    uint32_t ggml_id;              // its number in GGUF files, or no_ggml_id
    std::string_view safetensors;  // its name there ("BF16"), or empty
    uint32_t block_values;         // values that share a block; a row is a whole number of blocks
    uint32_t block_bytes;
    // Blocks to float32, exactly as ggml's reference does it (bit for bit). Null for types that
    // hold no weights (integers). REQUIRES: values is a multiple of block_values; both arrays hold
    // that much. No alignment is needed.
    void (*decode)(const std::byte* blocks, float* out, size_t values);
    // float32 to blocks, each value to the nearest level of a scale taken from the extremes: plain
    // rounding, as the reference does without importance weights. Null where there is none. Same
    // requirements; finite values only (others give some valid block).
    void (*encode)(const float* in, std::byte* blocks, size_t values);

    // Bytes of that many values, or nothing where they are no whole number of blocks or too many.
    std::optional<uint64_t> bytes_of(uint64_t values) const {
        if (values % block_values != 0) return std::nullopt;
        return checked_mul(values / block_values, block_bytes);
    }
    double bits_per_value() const { return 8.0 * block_bytes / block_values; }
};

inline constexpr uint32_t no_ggml_id = ~uint32_t{0};

std::span<const DType> dtypes();
// A row of the table, or null.
const DType* dtype_of_ggml(uint32_t id);
const DType* dtype_of_safetensors(std::string_view name);
const DType* dtype_named(std::string_view name);

}  // namespace linnet
