#include "model/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/bytes.h"
#include "base/text.h"
#include "kernels/half.h"

namespace linnet {

namespace {

struct TypeRow {
    KvType type;
    std::string_view name;
    size_t value_bytes, scale_bytes;  // of a value, and beside each token of a head
};
constexpr TypeRow types[] = {
    {KvType::F32, "f32", 4, 0}, {KvType::F16, "f16", 2, 0}, {KvType::I8, "int8", 1, 4}};

const TypeRow& row_of(KvType type) {
    return types[static_cast<size_t>(type)];
}

// Where the scales of a plane of int8 values begin.
template <class Byte>
auto scales_of(Byte* plane, size_t values) {
    using Scale = std::conditional_t<std::is_const_v<Byte>, const float, float>;
    return reinterpret_cast<Scale*>(plane + values);
}

// out = x / scale to nearest even, with the scale that makes the largest 127; returns it.
float quantize(const float* x, size_t n, size_t stride, int8_t* out) {
    float most = 0;
    for (size_t i = 0; i < n; i++) most = std::max(most, std::fabs(x[i]));
    float inverse = most > 0 ? 127 / most : 0;
    for (size_t i = 0; i < n; i++)
        out[i * stride] = static_cast<int8_t>(std::nearbyint(x[i] * inverse));
    return most / 127;
}

}  // namespace

std::string_view kv_type_name(KvType type) {
    return row_of(type).name;
}

std::optional<KvType> parse_kv_type(std::string_view name) {
    for (const TypeRow& row : types)
        if (row.name == name) return row.type;
    return std::nullopt;
}

KvCache::Mapping::Mapping(Mapping&& other) noexcept
    : address(std::exchange(other.address, nullptr)), length(std::exchange(other.length, 0)) {}

KvCache::Mapping& KvCache::Mapping::operator=(Mapping&& other) noexcept {
    std::swap(address, other.address);
    std::swap(length, other.length);
    return *this;
}

KvCache::Mapping::~Mapping() {
    if (address) ::munmap(address, length);
}

uint64_t KvCache::bytes_per_page(const std::vector<KvShape>& layers, KvType type) {
    uint64_t bytes = 0;
    for (const KvShape& shape : layers)
        bytes += shape.heads * (plane_bytes(page_tokens * shape.head_dim, type) +
                                plane_bytes(page_tokens * value_floats(shape.head_dim), type));
    return bytes;
}

size_t KvCache::plane_bytes(size_t values, KvType type) {
    return values * row_of(type).value_bytes + page_tokens * row_of(type).scale_bytes;
}

Result<KvCache> KvCache::make(std::vector<KvShape> layers, size_t pages, KvType type) {
    KvCache cache;
    for (const KvShape& shape : layers) {
        cache.layer_offset_.push_back(cache.page_bytes_);
        cache.page_bytes_ += bytes_per_page({shape}, type);
    }
    cache.layers_ = std::move(layers);
    cache.pages_ = pages;
    cache.type_ = type;
    auto total = checked_mul(cache.page_bytes_, pages);
    void* address = MAP_FAILED;
    if (total && *total > 0) {
        // NORESERVE: what is not used is not counted; the engine has compared the need with the
        // memory that is free.
        address = ::mmap(nullptr, *total, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (address == MAP_FAILED)
            return Error{Code::NoFit,
                         cat("the key-value cache needs ", bytes_text(*total),
                             ", which this machine cannot give"),
                         "use a smaller --context"};
        cache.memory_.address = static_cast<std::byte*>(address);
        cache.memory_.length = *total;
    }
    return cache;
}

std::byte* KvCache::keys(size_t layer, uint32_t page, size_t head) const {
    return memory_.address + page * page_bytes_ + layer_offset_[layer] +
           head * plane_bytes(page_tokens * layers_[layer].head_dim, type_);
}

std::byte* KvCache::values(size_t layer, uint32_t page, size_t head) const {
    const KvShape& shape = layers_[layer];
    return keys(layer, page, shape.heads) +
           head * plane_bytes(page_tokens * value_floats(shape.head_dim), type_);
}

static void fetch(const std::byte* from, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(from + at);
}

void KvCache::fetch_keys(size_t layer, uint32_t page, size_t head) const {
    fetch(keys(layer, page, head), plane_bytes(page_tokens * layers_[layer].head_dim, type_));
}

void KvCache::fetch_values(size_t layer, uint32_t page, size_t head) const {
    fetch(values(layer, page, head),
          plane_bytes(page_tokens * value_floats(layers_[layer].head_dim), type_));
}

void KvCache::store_key(size_t layer, uint32_t page, size_t slot, size_t head, const float* key) {
    const size_t dim = layers_[layer].head_dim;
    std::byte* to = keys(layer, page, head);
    if (type_ == KvType::F32) {
        auto* rows = reinterpret_cast<float*>(to);
        for (size_t d = 0; d < dim; d++) rows[d * page_tokens + slot] = key[d];
    } else if (type_ == KvType::F16) {
        auto* rows = reinterpret_cast<uint16_t*>(to);
        for (size_t d = 0; d < dim; d++) rows[d * page_tokens + slot] = float_to_half(key[d]);
    } else {
        auto* rows = reinterpret_cast<int8_t*>(to);
        scales_of(to, page_tokens * dim)[slot] = quantize(key, dim, page_tokens, rows + slot);
    }
}

void KvCache::store_value(const Kernels& kernels, size_t layer, uint32_t page, size_t slot,
                          size_t head, const float* value) {
    const size_t dim = layers_[layer].head_dim, padded = value_floats(dim);
    std::byte* to = values(layer, page, head);
    size_t at = slot * padded;
    if (type_ == KvType::F32)
        std::memcpy(reinterpret_cast<float*>(to) + at, value, dim * sizeof(float));
    else if (type_ == KvType::F16)
        kernels.float_to_half(value, reinterpret_cast<uint16_t*>(to) + at, dim);
    else
        scales_of(to, page_tokens * padded)[slot] =
            quantize(value, dim, 1, reinterpret_cast<int8_t*>(to) + at);
}

void KvCache::score(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
                    const float* queries, size_t rows, float* out, size_t out_stride) const {
    const size_t dim = layers_[layer].head_dim;
    const std::byte* from = keys(layer, page, head);
    for (size_t r = 0; r < rows; r++) std::fill_n(out + r * out_stride, page_tokens, 0.0f);
    if (type_ == KvType::F32) {
        kernels.accumulate_f32(queries, dim, rows, reinterpret_cast<const float*>(from), dim,
                               page_tokens, out, out_stride);
    } else if (type_ == KvType::F16) {
        kernels.accumulate_f16(queries, dim, rows, reinterpret_cast<const uint16_t*>(from), dim,
                               page_tokens, out, out_stride);
    } else {
        kernels.accumulate_i8(queries, dim, rows, reinterpret_cast<const int8_t*>(from), dim,
                              page_tokens, out, out_stride);
        const float* scales = scales_of(from, page_tokens * dim);
        for (size_t r = 0; r < rows; r++)
            for (size_t slot = 0; slot < page_tokens; slot++)
                out[r * out_stride + slot] *= scales[slot];
    }
}

void KvCache::mix(const Kernels& kernels, size_t layer, uint32_t page, size_t head, float* weights,
                  size_t weights_stride, size_t rows, size_t slots, float* out,
                  size_t out_stride) const {
    const size_t padded = value_floats(layers_[layer].head_dim);
    const std::byte* from = values(layer, page, head);
    if (type_ == KvType::F32) {
        kernels.accumulate_f32(weights, weights_stride, rows, reinterpret_cast<const float*>(from),
                               slots, padded, out, out_stride);
    } else if (type_ == KvType::F16) {
        kernels.accumulate_f16(weights, weights_stride, rows,
                               reinterpret_cast<const uint16_t*>(from), slots, padded, out,
                               out_stride);
    } else {
        const float* scales = scales_of(from, page_tokens * padded);
        for (size_t r = 0; r < rows; r++)
            for (size_t slot = 0; slot < slots; slot++)
                weights[r * weights_stride + slot] *= scales[slot];
        kernels.accumulate_i8(weights, weights_stride, rows, reinterpret_cast<const int8_t*>(from),
                              slots, padded, out, out_stride);
    }
}

}  // namespace linnet
