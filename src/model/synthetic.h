// Models of an exact shape with random weights: they say nothing, and take the time and memory of
// the real one. Written as GGUF with all that other engines ask for, down to a tokenizer whose
// first 256 tokens are the bytes.
#pragma once

#include <span>
#include <string_view>

#include "base/cancel.h"
#include "base/file.h"
#include "base/progress.h"
#include "tensor/dtype.h"

namespace linnet {

struct SyntheticShape {
    std::string_view name;  // "llama-1b"
    std::string_view of;    // the model that it has the shape of
    std::string_view architecture;
    uint32_t dim, layers, heads, kv_heads, head_dim, hidden, vocabulary, context;
    float rope_base, epsilon;
    bool tied;            // the head is the embedding
    uint32_t window = 0;  // tokens that layers look back where they do not see all
};

std::span<const SyntheticShape> synthetic_shapes();

struct SyntheticModel {
    const SyntheticShape* shape = nullptr;
    const DType* dtype = nullptr;  // of all matrices; vectors are float32
};

// "llama-1b:q4_k". Usage where there is no such shape, or weights of that type cannot be made.
Result<SyntheticModel> parse_synthetic(std::string_view text);

// The format of a matrix with rows of that length: the model's own, or where a row is no whole
// number of its blocks the one that other converters take then.
const DType* synthetic_dtype(const DType& dtype, uint64_t columns);

// Streams the file to `path`; what breaks off leaves nothing there. The same seed gives the same
// bytes.
Result<> write_synthetic(const Path& path, const SyntheticModel& model, uint64_t seed,
                         Progress& progress, const Cancel& cancel);

}  // namespace linnet
