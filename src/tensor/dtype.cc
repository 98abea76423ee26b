#include "tensor/dtype.h"

#include "tensor/dtypes/codecs.h"

namespace linnet {
namespace {

// clang-format off
constexpr DType table[] = {
    // name, ggml id, safetensors, values and bytes of a block, decoder, encoder
    {"f32",      0, "F32",    1,   4, codec::f32,     codec::to_f32},
    {"f16",      1, "F16",    1,   2, codec::f16,     codec::to_f16},
    {"bf16",    30, "BF16",   1,   2, codec::bf16,    codec::to_bf16},
    {"f64",     28, "F64",    1,   8, codec::f64,     nullptr},

    {"q4_0",     2, "",      32,  18, codec::q4_0,    codec::to_q4_0},
    {"q4_1",     3, "",      32,  20, codec::q4_1,    codec::to_q4_1},
    {"q5_0",     6, "",      32,  22, codec::q5_0,    codec::to_q5_0},
    {"q5_1",     7, "",      32,  24, codec::q5_1,    codec::to_q5_1},
    {"q8_0",     8, "",      32,  34, codec::q8_0,    codec::to_q8_0},
    {"q8_1",     9, "",      32,  36, codec::q8_1,    codec::to_q8_1},

    {"q2_k",    10, "",     256,  84, codec::q2_k,    nullptr},
    {"q3_k",    11, "",     256, 110, codec::q3_k,    nullptr},
    {"q4_k",    12, "",     256, 144, codec::q4_k,    nullptr},
    {"q5_k",    13, "",     256, 176, codec::q5_k,    nullptr},
    {"q6_k",    14, "",     256, 210, codec::q6_k,    nullptr},
    {"q8_k",    15, "",     256, 292, codec::q8_k,    codec::to_q8_k},

    {"iq1_s",   19, "",     256,  50, codec::iq1_s,   nullptr},
    {"iq1_m",   29, "",     256,  56, codec::iq1_m,   nullptr},
    {"iq2_xxs", 16, "",     256,  66, codec::iq2_xxs, nullptr},
    {"iq2_xs",  17, "",     256,  74, codec::iq2_xs,  nullptr},
    {"iq2_s",   22, "",     256,  82, codec::iq2_s,   nullptr},
    {"iq3_xxs", 18, "",     256,  98, codec::iq3_xxs, nullptr},
    {"iq3_s",   21, "",     256, 110, codec::iq3_s,   nullptr},

    {"iq4_nl",  20, "",      32,  18, codec::iq4_nl,  codec::to_iq4_nl},
    {"iq4_xs",  23, "",     256, 136, codec::iq4_xs,  nullptr},
    {"mxfp4",   39, "",      32,  17, codec::mxfp4,   codec::to_mxfp4},
    {"nvfp4",   40, "",      64,  36, codec::nvfp4,   codec::to_nvfp4},

    {"tq1_0",   34, "",     256,  54, codec::tq1_0,   codec::to_tq1_0},
    {"tq2_0",   35, "",     256,  66, codec::tq2_0,   codec::to_tq2_0},
    {"q2_0",    42, "",      64,  18, codec::q2_0,    codec::to_q2_0},
    {"q1_0",    41, "",     128,  18, codec::q1_0,    codec::to_q1_0},

    {"f8_e4m3", no_ggml_id, "F8_E4M3", 1, 1, codec::f8_e4m3, nullptr},
    {"f8_e5m2", no_ggml_id, "F8_E5M2", 1, 1, codec::f8_e5m2, nullptr},
    {"f8_e8m0", no_ggml_id, "F8_E8M0", 1, 1, codec::f8_e8m0, nullptr},

    {"i8",              24, "I8",      1, 1, nullptr, nullptr},
    {"i16",             25, "I16",     1, 2, nullptr, nullptr},
    {"i32",             26, "I32",     1, 4, nullptr, nullptr},
    {"i64",             27, "I64",     1, 8, nullptr, nullptr},
    {"u8",      no_ggml_id, "U8",      1, 1, nullptr, nullptr},
    {"u16",     no_ggml_id, "U16",     1, 2, nullptr, nullptr},
    {"u32",     no_ggml_id, "U32",     1, 4, nullptr, nullptr},
    {"u64",     no_ggml_id, "U64",     1, 8, nullptr, nullptr},
    {"bool",    no_ggml_id, "BOOL",    1, 1, nullptr, nullptr},
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
