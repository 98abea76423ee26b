#include "tensor/dtype.h"

#include "tensor/dtypes/codecs.h"

namespace linnet {
namespace {

// clang-format off
constexpr DType table[] = {
    // name, ggml id, safetensors, values and bytes of a block, decoder, encoder
    {"f32",    0, "F32",   1,  4, codec::f32,  codec::to_f32},
    {"f16",    1, "F16",   1,  2, codec::f16,  codec::to_f16},
    {"bf16",  30, "BF16",  1,  2, codec::bf16, codec::to_bf16},
    {"f64",   28, "F64",   1,  8, codec::f64,  nullptr},

    {"q4_0",   2, "",     32, 18, codec::q4_0, codec::to_q4_0},
    {"q4_1",   3, "",     32, 20, codec::q4_1, codec::to_q4_1},
    {"q5_0",   6, "",     32, 22, codec::q5_0, codec::to_q5_0},
    {"q5_1",   7, "",     32, 24, codec::q5_1, codec::to_q5_1},
    {"q8_0",   8, "",     32, 34, codec::q8_0, codec::to_q8_0},
    {"q8_1",   9, "",     32, 36, codec::q8_1, codec::to_q8_1},

    {"i8",           24, "I8",   1, 1, nullptr, nullptr},
    {"i16",          25, "I16",  1, 2, nullptr, nullptr},
    {"i32",          26, "I32",  1, 4, nullptr, nullptr},
    {"i64",          27, "I64",  1, 8, nullptr, nullptr},
    {"u8",   no_ggml_id, "U8",   1, 1, nullptr, nullptr},
    {"u16",  no_ggml_id, "U16",  1, 2, nullptr, nullptr},
    {"u32",  no_ggml_id, "U32",  1, 4, nullptr, nullptr},
    {"u64",  no_ggml_id, "U64",  1, 8, nullptr, nullptr},
    {"bool", no_ggml_id, "BOOL", 1, 1, nullptr, nullptr},
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
