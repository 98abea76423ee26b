// Main idea: a format with an encoder gets normal values through it. One without gets random bytes,
// in which only the scales of a block (float16) are set: first to 1, to see how far the values
// spread, then to what gives the deviation that was asked for.
#include "model/random_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace linnet {
namespace {

struct Scales {
    std::string_view dtype;
    size_t scale_at;                 // bytes from the beginning of a block, of a float16
    std::optional<size_t> min_at{};  // of the scale of what is subtracted
    double min_ratio = 0;            // that scale / the other, where the mean becomes 0
};

// The quants of q2_k, q4_k and q5_k are 0 to 3, 0 to 15 and 0 to 31, less a minimum that has as
// many steps as their scale.
constexpr Scales scales_of[] = {
    {"q2_k", 80, 82, 1.5}, {"q3_k", 108},  {"q4_k", 0, 2, 7.5}, {"q5_k", 0, 2, 15.5},
    {"q6_k", 208},         {"iq1_s", 0},   {"iq2_xxs", 0},      {"iq2_xs", 0},
    {"iq2_s", 0},          {"iq3_xxs", 0}, {"iq3_s", 0},        {"iq4_xs", 0},
};

const Scales* find_scales(const DType& dtype) {
    auto row = std::ranges::find(scales_of, dtype.name, &Scales::dtype);
    return row == std::end(scales_of) ? nullptr : &*row;
}

void put_half(std::byte* at, double value) {
    const auto single = static_cast<float>(value);
    dtype_named("f16")->encode(&single, at, 1);
}

void set_scales(const DType& dtype, const Scales& scales, double scale, std::span<std::byte> data) {
    for (size_t block = 0; block < data.size(); block += dtype.block_bytes) {
        put_half(&data[block + scales.scale_at], scale);
        if (scales.min_at) put_half(&data[block + *scales.min_at], scale * scales.min_ratio);
    }
}

double root_mean_square(const DType& dtype, std::span<const std::byte> data) {
    std::vector<float> values(data.size() / dtype.block_bytes * dtype.block_values);
    dtype.decode(data.data(), values.data(), values.size());
    double squares = 0;
    for (float value : values) squares += double(value) * value;
    return std::sqrt(squares / static_cast<double>(values.size()));
}

void fill_scaled(const DType& dtype, const Scales& scales, double deviation, Rng& rng,
                 std::span<std::byte> data) {
    for (std::byte& each : data) each = static_cast<std::byte>(rng.next() >> 56);
    set_scales(dtype, scales, 1, data);
    double spread = root_mean_square(dtype, data);
    set_scales(dtype, scales, deviation / spread, data);
}

void fill_encoded(const DType& dtype, double deviation, Rng& rng, std::span<std::byte> data) {
    std::vector<float> values(data.size() / dtype.block_bytes * dtype.block_values);
    for (float& value : values) value = static_cast<float>(deviation * rng.normal());
    dtype.encode(values.data(), data.data(), values.size());
}

}  // namespace

bool can_make_random(const DType& dtype) {
    return dtype.ggml_id != no_ggml_id && dtype.decode && (dtype.encode || find_scales(dtype));
}

RandomBlocks::RandomBlocks(const DType& dtype, double deviation, Rng& rng)
    : piece_values_(std::max<size_t>(dtype.block_values, 32)),
      piece_bytes_(piece_values_ / dtype.block_values * dtype.block_bytes),
      stock_(pieces * piece_bytes_) {
    check(can_make_random(dtype), "random weights of this format can be made");
    const Scales* scales = find_scales(dtype);
    if (scales)
        fill_scaled(dtype, *scales, deviation, rng, stock_);
    else
        fill_encoded(dtype, deviation, rng, stock_);
}

}  // namespace linnet
