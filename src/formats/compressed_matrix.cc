#include "formats/compressed_matrix.h"

#include <atomic>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "formats/part.h"
#include "kernels/half.h"
#include "tensor/dtypes/e2m1_layouts.h"
#include "tensor/dtypes/simple_layouts.h"

namespace linnet {
namespace {

constexpr uint64_t columns_max = 1 << 24;

uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

const uint8_t* bytes_of(const Tensor& tensor) {
    return reinterpret_cast<const uint8_t*>(tensor.data.data());
}

bool is(const Tensor& tensor, std::string_view dtype) {
    return tensor.dtype->name == dtype;
}

bool is_matrix(const Tensor& tensor) {
    return tensor.shape.rank() == 2 && tensor.values > 0;
}

std::vector<float> floats_of(const Tensor& tensor) {
    std::vector<float> out(tensor.values);
    tensor.dtype->decode(tensor.data.data(), out.data(), out.size());
    return out;
}

bool are_finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
}

// Whether float16 holds it, but for rounding to 11 bits.
bool fits_half(float value) {
    const float size = std::fabs(value);
    return (size >= 0x1p-14f && size <= 65504) || half_to_float(float_to_half(value)) == value;
}

}  // namespace

// The tensors of one module.
struct CompressedMatrix::Parts {
    const Checkpoint& folder;
    std::string_view module;

    const Tensor* find(std::string_view part) const { return folder.find(cat(module, ".", part)); }
    Error bad(std::string_view part, std::string_view what) const {
        return {Code::BadInput, cat(tensor_text(cat(module, ".", part)), " ", what)};
    }
    Error misshapen(const Tensor& tensor, std::string_view goes_with) const {
        return {Code::BadInput,
                cat(tensor_text(tensor.name), " is ", tensor.dtype->name, " ",
                    shape_text(tensor.shape), ", which does not go with ", goes_with)};
    }
};

Result<CompressedMatrix> CompressedMatrix::read(const Checkpoint& folder, std::string_view module,
                                                const CompressedConfig& config) {
    const Parts parts{folder, module};
    CompressedMatrix out;
    TRY(out.read_levels(parts, config));
    if (out.columns_ > columns_max) return parts.bad("weight", "has too many columns");
    TRY(out.read_scales(parts, config));
    TRY(out.read_zeros(parts));
    TRY(out.read_group_index(parts));
    return out;
}

Result<> CompressedMatrix::read_levels(const Parts& parts, const CompressedConfig& config) {
    weight_ = parts.find("weight_packed");
    if (weight_) {
        if (!is_matrix(*weight_)) return parts.misshapen(*weight_, "a matrix");
        rows_ = weight_->shape[0];
        if (is(*weight_, "i32")) return read_packed(parts, config);
        if (!is(*weight_, "u8")) return parts.misshapen(*weight_, "packed weights");
        levels_ = Levels::Nibbles;
        columns_ = 2 * weight_->shape[1];
        return Done{};
    }
    weight_ = parts.find("weight");
    if (!weight_) return parts.bad("weight", "is missing, though there is a scale for it");
    if (!is_matrix(*weight_)) return parts.misshapen(*weight_, "a matrix");
    if (!is(*weight_, "i8") && !is(*weight_, "f8_e4m3") && !is(*weight_, "f8_e5m2"))
        return parts.misshapen(*weight_, "a scale: int8 and float8 do");
    rows_ = weight_->shape[0];
    columns_ = weight_->shape[1];
    return Done{};
}

Result<> CompressedMatrix::read_packed(const Parts& parts, const CompressedConfig& config) {
    levels_ = Levels::Packed;
    const Tensor* shape = parts.find("weight_shape");
    if (!shape) return parts.bad("weight_shape", "is missing");
    if (!(is(*shape, "i64") || is(*shape, "i32")) || shape->values != 2)
        return parts.misshapen(*shape, "a matrix");
    const size_t each = shape->dtype->block_bytes;
    uint64_t sides[2] = {};
    for (size_t i = 0; i < 2; i++) std::memcpy(&sides[i], bytes_of(*shape) + i * each, each);
    const uint64_t words = weight_->shape[1];
    columns_ = sides[1];
    if (sides[0] != rows_ || columns_ == 0 || columns_ > checked_mul(words, 32).value_or(0))
        return parts.bad("weight_shape", "does not go with the packed weights");
    uint64_t found = 0;
    for (const CompressedConfig::Weights& group : config.groups) {
        if (group.is_float || group.bits == found) continue;
        const uint64_t per_word = 32 / group.bits;  // of earlier versions
        const bool dense = words == divide_up(columns_ * group.bits, 32);
        if (!dense && words != divide_up(columns_, per_word)) continue;
        if (found != 0) return parts.bad("weight_packed", "may have two numbers of bits");
        found = bits_ = group.bits;
        values_per_word_ = dense ? 0 : per_word;
    }
    if (found == 0)
        return parts.bad("weight_packed", cat("has ", words, " words for ", columns_,
                                              " columns, which no config group packs so"));
    return Done{};
}

Result<> CompressedMatrix::read_scales(const Parts& parts, const CompressedConfig& config) {
    const Tensor* scale = parts.find("weight_scale");
    if (!scale) return parts.bad("weight_scale", "is missing");
    if (scale->values == 0) return parts.misshapen(*scale, "a matrix");
    if (is(*scale, "u8")) {
        scale_codes_ = scale->data;
        power_of_two_scales_ = true;
        for (std::byte exponent : scale_codes_) {
            if (exponent == std::byte{255}) return parts.bad("weight_scale", "has a NaN");
            scales_.push_back(std::ldexp(1.0f, static_cast<int>(exponent) - 127));
        }
    } else {
        if (!scale->dtype->decode || scale->dtype->block_values != 1)
            return parts.misshapen(*scale, "scales");
        scales_ = floats_of(*scale);
        if (!are_finite(scales_)) return parts.bad("weight_scale", "has values that are no number");
    }
    TRY(divide_rows_and_columns(parts, config));
    const Tensor* whole = parts.find("weight_global_scale");
    if (!whole) return Done{};
    if (whole->values != 1 || !whole->dtype->decode || whole->dtype->block_values != 1)
        return parts.misshapen(*whole, "a scale of the whole tensor");
    const float divisor = floats_of(*whole)[0];
    if (!std::isfinite(divisor) || divisor == 0)
        return parts.bad("weight_global_scale", "is no divisor");
    for (float& each : scales_) each /= divisor;
    power_of_two_scales_ = false;
    return Done{};
}

// How many rows and columns share a scale.
Result<> CompressedMatrix::divide_rows_and_columns(const Parts& parts,
                                                   const CompressedConfig& config) {
    const Tensor& scale = *parts.find("weight_scale");
    const size_t rank = scale.shape.rank();
    rows_per_scale_ = rows_;
    columns_per_scale_ = columns_;
    if (scale.values == 1 && rank <= 2) return Done{};
    const uint64_t down = rank > 0 ? scale.shape[0] : 0;
    const uint64_t across = rank == 1 ? 1 : rank == 2 ? scale.shape[1] : 0;
    scale_columns_ = across;
    if (down == rows_ && across > 0 && columns_ % across == 0) {
        rows_per_scale_ = 1;
        columns_per_scale_ = columns_ / across;
        return Done{};
    }
    for (const CompressedConfig::Weights& group : config.groups) {
        if (group.block_rows == 0 || rank != 2) continue;
        if (down != divide_up(rows_, group.block_rows) ||
            across != divide_up(columns_, group.block_columns))
            continue;
        rows_per_scale_ = group.block_rows;
        columns_per_scale_ = group.block_columns;
        return Done{};
    }
    return parts.misshapen(scale, cat("weights of ", rows_, " x ", columns_));
}

Result<> CompressedMatrix::read_zeros(const Parts& parts) {
    const Tensor* zero = parts.find("weight_zero_point");
    if (!zero) return Done{};
    const uint64_t down = scales_.size() / scale_columns_;
    if (levels_ == Levels::Packed && is(*zero, "i32")) {  // along columns, as weights along rows
        const uint64_t words =
            values_per_word_ ? divide_up(down, values_per_word_) : divide_up(down * bits_, 32);
        if (zero->shape != Shape{words, scale_columns_})
            return parts.misshapen(*zero, "the scales");
        std::vector<uint8_t> column(4 * words);
        zeros_.resize(scales_.size());
        for (uint64_t c = 0; c < scale_columns_; c++) {
            for (uint64_t w = 0; w < words; w++)
                std::memcpy(&column[4 * w], bytes_of(*zero) + 4 * (w * scale_columns_ + c), 4);
            for (uint64_t r = 0; r < down; r++)
                zeros_[r * scale_columns_ + c] = static_cast<float>(code(column.data(), r)) -
                                                 static_cast<float>(uint64_t{1} << (bits_ - 1));
        }
        return Done{};
    }
    if (zero->values != scales_.size()) return parts.misshapen(*zero, "the scales");
    if (is(*zero, "i8")) {
        for (std::byte each : zero->data)
            zeros_.push_back(static_cast<float>(static_cast<int8_t>(each)));
    } else if (zero->dtype->decode && zero->dtype->block_values == 1) {
        zeros_ = floats_of(*zero);
    } else {
        return parts.misshapen(*zero, "the scales");
    }
    if (!are_finite(zeros_)) return parts.bad("weight_zero_point", "has values that are no number");
    if (std::ranges::all_of(zeros_, [](float x) { return x == 0; })) zeros_.clear();
    return Done{};
}

Result<> CompressedMatrix::read_group_index(const Parts& parts) {
    const Tensor* index = parts.find("weight_g_idx");
    if (!index) return Done{};
    if (!is(*index, "i32") || index->values != columns_)
        return parts.misshapen(*index, cat(columns_, " columns"));
    bool runs = true, unset = true;
    for (uint64_t c = 0; c < columns_; c++) {
        int32_t group = 0;
        std::memcpy(&group, bytes_of(*index) + 4 * c, 4);
        unset &= group == -1;
        runs &= group >= 0 && static_cast<uint64_t>(group) == c / columns_per_scale_;
        group_of_.push_back(static_cast<uint32_t>(group));
    }
    if (runs || unset) {
        group_of_.clear();
        return Done{};
    }
    if (std::ranges::any_of(group_of_, [&](uint32_t g) { return g >= scale_columns_; }))
        return parts.bad("weight_g_idx", cat("names groups beyond ", scale_columns_));
    return Done{};
}

// Value i of a run of packed words, as it stands there: without its sign.
uint32_t CompressedMatrix::code(const uint8_t* words, uint64_t i) const {
    const uint64_t bit =
        values_per_word_ ? i / values_per_word_ * 32 + i % values_per_word_ * bits_ : i * bits_;
    const uint8_t* at = words + bit / 8;
    uint32_t two = at[0];
    if (bit % 8 + bits_ > 8) two |= static_cast<uint32_t>(at[1]) << 8;
    return two >> bit % 8 & ((1u << bits_) - 1);
}

size_t CompressedMatrix::scale_place(uint64_t row, uint64_t column) const {
    const uint64_t across = group_of_.empty() ? column / columns_per_scale_ : group_of_[column];
    return row / rows_per_scale_ * scale_columns_ + across;
}

void CompressedMatrix::levels_of(uint64_t row, float* out) const {
    const uint8_t* at = bytes_of(*weight_) + row * (weight_->data.size() / rows_);
    switch (levels_) {
        case Levels::Packed: {
            const auto middle = static_cast<float>(uint64_t{1} << (bits_ - 1));
            for (uint64_t c = 0; c < columns_; c++)
                out[c] = static_cast<float>(code(at, c)) - middle;
            return;
        }
        case Levels::Nibbles:
            for (uint64_t c = 0; c < columns_; c++)
                out[c] = 0.5f * codec::e2m1_levels[at[c / 2] >> c % 2 * 4 & 15];
            return;
        case Levels::Whole:
            if (weight_->dtype->decode)
                return weight_->dtype->decode(reinterpret_cast<const std::byte*>(at), out,
                                              columns_);
            for (uint64_t c = 0; c < columns_; c++)
                out[c] = static_cast<float>(static_cast<int8_t>(at[c]));
    }
}

void CompressedMatrix::decode_row(uint64_t row, float* out) const {
    levels_of(row, out);
    for (uint64_t c = 0; c < columns_; c++) {
        const size_t place = scale_place(row, c);
        out[c] = (out[c] - (zeros_.empty() ? 0 : zeros_[place])) * scales_[place];
    }
}

const DType* CompressedMatrix::block_dtype() const {
    if (columns_ % 32 != 0 || columns_per_scale_ % 32 != 0 || !group_of_.empty()) return nullptr;
    if (levels_ == Levels::Nibbles)
        return power_of_two_scales_ && zeros_.empty() ? dtype_named("mxfp4") : nullptr;
    if (levels_ == Levels::Whole && !is(*weight_, "i8")) return nullptr;
    const auto middle = static_cast<float>(uint64_t{1} << (bits_ - 1));
    for (size_t i = 0; i < scales_.size(); i++)
        if (!fits_half(scales_[i]) ||
            (!zeros_.empty() && !fits_half(scales_[i] * (middle + zeros_[i]))))
            return nullptr;
    if (bits_ <= 4) return dtype_named(zeros_.empty() ? "q4_0" : "q4_1");
    return zeros_.empty() ? dtype_named("q8_0") : nullptr;
}

const DType& CompressedMatrix::dtype(ThreadPool& pool) const {
    if (const DType* blocks = block_dtype()) return *blocks;
    std::atomic<bool> half{true}, bfloat{true};
    pool.for_each(rows_, [&](size_t begin, size_t end) {
        std::vector<float> values(columns_);
        bool fits = true, fits_bfloat = true;
        for (size_t r = begin; r < end && (fits || fits_bfloat); r++) {
            decode_row(r, values.data());
            for (float value : values) {
                fits &= half_to_float(float_to_half(value)) == value;
                fits_bfloat &= bfloat_to_float(float_to_bfloat(value)) == value;
            }
        }
        if (!fits) half = false;
        if (!fits_bfloat) bfloat = false;
    });
    return *dtype_named(half ? "f16" : bfloat ? "bf16" : "f32");
}

// 32 columns of 4 bits, or of bytes.
void CompressedMatrix::write_nibble_block(uint64_t row, uint64_t first, std::byte* out) const {
    const uint8_t* at = bytes_of(*weight_) + row * (weight_->data.size() / rows_);
    const uint32_t raise = levels_ == Levels::Packed ? 8 - (1u << (bits_ - 1)) : 0;
    uint8_t nibbles[16] = {};
    for (uint64_t i = 0; i < 32; i++) {
        const uint64_t c = first + i;
        const uint32_t level = levels_ == Levels::Nibbles ? at[c / 2] >> c % 2 * 4 & 15u
                               : zeros_.empty()           ? code(at, c) + raise
                                                          : code(at, c);
        nibbles[i % 16] |= static_cast<uint8_t>(level << i / 16 * 4);
    }
    std::memcpy(out, nibbles, sizeof nibbles);
}

void CompressedMatrix::write_row(const DType& dtype, uint64_t row, std::byte* out) const {
    if (dtype.block_values == 1) {
        std::vector<float> values(columns_);
        decode_row(row, values.data());
        return dtype.encode(values.data(), out, columns_);
    }
    const auto middle = static_cast<float>(uint64_t{1} << (bits_ - 1));
    std::vector<float> levels(columns_);
    if (dtype.name == "q8_0") levels_of(row, levels.data());
    for (uint64_t c = 0; c < columns_; c += 32, out += dtype.block_bytes) {
        const size_t place = scale_place(row, c);
        codec::Half scale{};
        scale.set(scales_[place]);
        if (dtype.name == "mxfp4") {
            out[0] = scale_codes_[place];
            write_nibble_block(row, c, out + 1);
            continue;
        }
        std::memcpy(out, &scale, sizeof scale);
        if (dtype.name == "q8_0") {
            for (uint64_t i = 0; i < 32; i++)
                out[sizeof scale + i] = static_cast<std::byte>(static_cast<int8_t>(levels[c + i]));
        } else if (dtype.name == "q4_0") {
            write_nibble_block(row, c, out + sizeof scale);
        } else {
            codec::Half offset{};
            offset.set(-scales_[place] * (middle + zeros_[place]));
            std::memcpy(out + sizeof scale, &offset, sizeof offset);
            write_nibble_block(row, c, out + 2 * sizeof scale);
        }
    }
}

}  // namespace linnet
