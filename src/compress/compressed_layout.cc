#include "compress/compressed_layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace linnet {
namespace {

using Shared = FolderScheme::Shared;
using Scales = FolderScheme::Scales;
using Input = FolderScheme::Input;

uint64_t words_for(uint64_t values, unsigned bits) {
    return (values * bits + 31) / 32;
}

// Values one behind the other, across the borders of words.
void put_bits(uint32_t value, unsigned bits, uint64_t place, std::byte* words) {
    for (unsigned i = 0; i < bits; i++) {
        const uint64_t bit = place * bits + i;
        words[bit / 8] |= static_cast<std::byte>((value >> i & 1) << bit % 8);
    }
}

std::vector<std::byte> floats_as(const DType& dtype, std::span<const float> values) {
    std::vector<std::byte> out(*dtype.bytes_of(values.size()));
    dtype.encode(values.data(), out.data(), values.size());
    return out;
}

template <class T>
std::vector<std::byte> bytes_of(std::initializer_list<T> values) {
    std::vector<std::byte> out(values.size() * sizeof(T));
    std::memcpy(out.data(), values.begin(), out.size());
    return out;
}

Shape scale_shape(const FolderScheme& scheme, uint64_t rows, uint64_t columns) {
    const auto groups = [&](uint64_t n) { return (n + scheme.group - 1) / scheme.group; };
    switch (scheme.shared) {
        case Shared::ByTensor:
            return {1};
        case Shared::ByRow:
            return {rows, 1};
        case Shared::ByBlock:
            return {groups(rows), groups(columns)};
        case Shared::ByGroup:
            break;
    }
    return {rows, groups(columns)};
}

// Zeros of a column of groups lie one behind the other, as columns of weights do in a row.
std::vector<std::byte> pack_zeros(const RoundedMatrix& matrix, unsigned bits) {
    const uint64_t words = words_for(matrix.down, bits);
    std::vector<std::byte> out(words * matrix.across * 4), column(words * 4);
    for (uint64_t c = 0; c < matrix.across; c++) {
        std::ranges::fill(column, std::byte{});
        for (uint64_t r = 0; r < matrix.down; r++) {
            const auto zero = static_cast<int>(matrix.zeros[r * matrix.across + c]);
            put_bits(static_cast<uint32_t>(zero + (1 << (bits - 1))), bits, r, column.data());
        }
        for (uint64_t w = 0; w < words; w++)
            std::memcpy(&out[(w * matrix.across + c) * 4], &column[w * 4], 4);
    }
    return out;
}

std::vector<std::byte> pack_scales(const RoundedMatrix& matrix, const FolderScheme& scheme,
                                   const DType& stored) {
    if (scheme.scales == Scales::Float) return floats_as(stored, matrix.scales);
    std::vector<std::byte> out;
    FolderScheme e4m3;
    e4m3.levels = FolderScheme::Levels::E4M3;
    const Grid grid(e4m3, stored);
    for (float scale : matrix.scales)
        out.push_back(static_cast<std::byte>(scheme.scales == Scales::PowerOfTwo
                                                 ? static_cast<uint8_t>(std::ilogb(scale) + 127)
                                                 : grid.code(scale * matrix.whole)));
    return out;
}

}  // namespace

Result<CompressedLayout> compressed_layout(std::string_view module, const FolderScheme& scheme,
                                           const DType& stored, uint64_t rows, uint64_t columns) {
    auto named = [&](std::string_view part) { return cat(module, ".", part); };
    auto type = [](std::string_view name) { return dtype_named(name); };
    if (scheme.shared == Shared::ByGroup && columns % scheme.group != 0)
        return Error{Code::Unsupported,
                     cat("'", printable(module), "' has ", columns,
                         " columns, which are no whole groups of ", scheme.group),
                     scheme.has_fixed_group() ? "take a scheme without such groups"
                                              : "name another --group-size, or --strategy channel"};
    CompressedLayout out;
    if (scheme.packs_words())
        out.codes = {named("weight_packed"), type("i32"), {rows, words_for(columns, scheme.bits)}};
    else if (scheme.levels == FolderScheme::Levels::E2M1)
        out.codes = {named("weight_packed"), type("u8"), {rows, columns / 2}};
    else
        out.codes = {named("weight"),
                     type(scheme.levels == FolderScheme::Levels::Int ? "i8" : "f8_e4m3"),
                     {rows, columns}};
    // Readers view numbers where they lie, which must be a multiple of their size.
    if (*out.codes.dtype->bytes_of(*out.codes.shape.values()) % 8 != 0)
        return Error{Code::Unsupported, cat("'", printable(module), "' is ", rows, " x ", columns,
                                            ", too odd for what comes behind it in the file")};
    const Shape shape = scale_shape(scheme, rows, columns);
    const DType* scale = scheme.scales == Scales::Float  ? &stored
                         : scheme.scales == Scales::E4M3 ? type("f8_e4m3")
                                                         : type("u8");
    out.parts.push_back({named("weight_scale"), scale, shape});
    if (scheme.packs_words()) out.parts.push_back({named("weight_shape"), type("i64"), {2}});
    if (!scheme.symmetric)
        out.parts.push_back({named("weight_zero_point"),
                             type("i32"),
                             {words_for(shape[0], scheme.bits), shape[1]}});
    if (scheme.scales == Scales::E4M3)
        out.parts.push_back({named("weight_global_scale"), type("f32"), {1}});
    if (scheme.input == Input::Nvfp4)
        out.parts.push_back({named("input_global_scale"), type("f32"), {1}});
    else if (scheme.is_static())
        out.parts.push_back({named("input_scale"), &stored, {1}});
    return out;
}

std::vector<std::byte> pack_codes(const RoundedMatrix& matrix, const FolderScheme& scheme) {
    if (!scheme.packs_words() && scheme.levels != FolderScheme::Levels::E2M1) {
        const auto* codes = reinterpret_cast<const std::byte*>(matrix.codes.data());
        return {codes, codes + matrix.codes.size()};
    }
    const bool nibbles = !scheme.packs_words();
    const uint64_t row_bytes =
        nibbles ? matrix.columns / 2 : 4 * words_for(matrix.columns, scheme.bits);
    const unsigned middle = nibbles ? 0 : 1u << (scheme.bits - 1);
    std::vector<std::byte> out(matrix.rows * row_bytes);
    for (uint64_t r = 0; r < matrix.rows; r++)
        for (uint64_t c = 0; c < matrix.columns; c++) {
            const uint32_t code = matrix.codes[r * matrix.columns + c] + middle;
            put_bits(code & ((1u << scheme.bits) - 1), scheme.bits, c, &out[r * row_bytes]);
        }
    return out;
}

std::vector<std::vector<std::byte>> pack_parts(const RoundedMatrix& matrix,
                                               const FolderScheme& scheme, const DType& stored,
                                               float input_range) {
    std::vector<std::vector<std::byte>> out{pack_scales(matrix, scheme, stored)};
    if (scheme.packs_words())
        out.push_back(bytes_of<int64_t>(
            {static_cast<int64_t>(matrix.rows), static_cast<int64_t>(matrix.columns)}));
    if (!scheme.symmetric) out.push_back(pack_zeros(matrix, scheme.bits));
    if (scheme.scales == Scales::E4M3) out.push_back(bytes_of<float>({matrix.whole}));
    constexpr float int8_reach = 127.5f, fp8_reach = 448, fp4_reach = 6;
    const float range = std::max(input_range, 1e-6f);
    if (scheme.input == Input::Nvfp4) {
        out.push_back(bytes_of<float>({fp8_reach * fp4_reach / range}));
    } else if (scheme.is_static()) {
        const float scale = range / (scheme.input == Input::Int8Tensor ? int8_reach : fp8_reach);
        out.push_back(floats_as(stored, std::span(&scale, 1)));
    }
    return out;
}

}  // namespace linnet
