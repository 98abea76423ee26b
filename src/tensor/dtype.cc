#include "tensor/dtype.h"

#include "tensor/dtypes/codecs.h"

namespace linnet {
namespace {

// clang-format off
constexpr DType table[] = {
    // name, ggml id, safetensors, values and bytes of a block, decoder
    {"f32",    0, "F32",   1,  4, codec::f32},
    {"f16",    1, "F16",   1,  2, codec::f16},
    {"bf16",  30, "BF16",  1,  2, codec::bf16},
};
// clang-format on

}  // namespace

std::span<const DType> dtypes() {
    return table;
}

const DType* dtype_of_ggml(uint32_t id) {
    for (const DType& row : table)
        if (row.ggml_id == id && id != no_ggml_id) return &row;
    return nullptr;
}

const DType* dtype_of_safetensors(std::string_view name) {
    for (const DType& row : table)
        if (row.safetensors == name && !name.empty()) return &row;
    return nullptr;
}

const DType* dtype_named(std::string_view name) {
    for (const DType& row : table)
        if (row.name == name) return &row;
    return nullptr;
}

}  // namespace linnet
