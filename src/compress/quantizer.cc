#include "compress/quantizer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/result.h"
#include "compress/quantizers/quantizers.h"

namespace linnet {
namespace {

struct Row {
    std::string_view name;
    quantize::Row* search;
};

constexpr Row rows[] = {
    {"f32", nullptr},
    {"f16", nullptr},
    {"bf16", nullptr},
    {"q8_0", nullptr},
    {"q6_k", quantize::q6_k},
    {"q5_k", quantize::q5_k},
    {"q5_1", quantize::q5_1},
    {"q5_0", quantize::q5_0},
    {"q4_1", quantize::q4_1},
    {"q4_k", quantize::q4_k},
    {"q4_0", quantize::q4_0},
    {"iq4_nl", quantize::iq4_nl},
    {"iq4_xs", quantize::iq4_xs},
    {"mxfp4", nullptr},
    {"iq3_s", quantize::iq3_s},
    {"q3_k", quantize::q3_k},
    {"iq3_xxs", quantize::iq3_xxs},
    {"q2_k", quantize::q2_k},
    {"iq2_s", quantize::iq2_s},
    {"iq2_xs", quantize::iq2_xs},
    {"q2_0", nullptr},
    {"iq2_xxs", quantize::iq2_xxs},
    {"tq2_0", nullptr},
    {"iq1_m", quantize::iq1_m},
    {"tq1_0", nullptr},
    {"iq1_s", quantize::iq1_s},
    {"q1_0", nullptr},
};
using Table = std::array<Quantizer, std::size(rows)>;

Table make_table() {
    Table out;
    for (size_t i = 0; i < out.size(); i++) {
        out[i] = {dtype_named(rows[i].name), rows[i].search};
        check(out[i].dtype && (out[i].search || out[i].dtype->encode), "a format that is written");
    }
    return out;
}

}  // namespace

std::span<const Quantizer> quantizers() {
    static const Table table = make_table();
    return table;
}

const Quantizer* quantizer_of(const DType& dtype) {
    auto all = quantizers();
    auto found = std::ranges::find(all, &dtype, &Quantizer::dtype);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace linnet
