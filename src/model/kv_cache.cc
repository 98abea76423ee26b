#include "model/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/bytes.h"
#include "base/text.h"
#include "kernels/half.h"
#include "model/kv_scale.h"

namespace linnet {

namespace {

constexpr size_t page_tokens = KvCache::page_tokens;

struct TypeRow {
    KvType type;
    std::string_view name;
    size_t value_bytes, scale_bytes;  // of a value, and beside each token of a head
};
constexpr TypeRow types[] = {{KvType::F32, "f32", 4, 0},
                             {KvType::F16, "f16", 2, 0},
                             {KvType::I16, "int16", 2, 4},
                             {KvType::I8, "int8", 1, 4}};

const TypeRow& row_of(KvType type) {
    return types[static_cast<size_t>(type)];
}

// What a row is divided by to become whole numbers, and the largest of these.
float scale_of(const Kernels& kernels, const float* x, size_t n, KvType type) {
    if (type == KvType::I16) return length_scale(kernels, x, n);
    float most = 0;
    for (size_t i = 0; i < n; i++) most = std::max(most, std::fabs(x[i]));
    return most / 127;
}

// Number (row, column) of rows in pairs.
size_t paired(size_t row, size_t column, size_t columns) {
    return (row / 2 * columns + column) * 2 + row % 2;
}

// A row as whole numbers: put(column, number); returns their scale.
template <class Put>
float store_whole(const Kernels& kernels, const float* x, size_t n, KvType type, Put put) {
    constexpr size_t at_once = 64;
    const float scale = scale_of(kernels, x, n, type);
    int16_t whole[at_once];
    for (size_t at = 0; at < n; at += at_once) {
        const size_t count = std::min(at_once, n - at);
        kernels.float_to_i16(x + at, inverse_of(scale), whole, count);
        for (size_t i = 0; i < count; i++) put(at + i, whole[i]);
    }
    return scale;
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

namespace {

size_t plane_bytes(size_t values, KvType type) {
    return values * row_of(type).value_bytes + page_tokens * row_of(type).scale_bytes;
}

size_t key_bytes(size_t head_dim, KvType type) {
    const bool pairs = row_of(type).scale_bytes > 0;
    return plane_bytes(page_tokens * (pairs ? KvCache::key_rows(head_dim) : head_dim), type);
}

size_t value_bytes(size_t head_dim, KvType type) {
    return plane_bytes(page_tokens * KvCache::value_floats(head_dim), type);
}

// Pages of a block: many, so that planes make long stretches, but a block takes all its memory when
// a token is first written there.
unsigned block_shift_for(size_t page_bytes, size_t pages) {
    constexpr size_t block_bytes_max = 4 << 20;
    constexpr unsigned least = 2, most = 6;
    unsigned shift = most;
    while (shift > least && page_bytes << shift > block_bytes_max) shift--;
    while (shift > 0 && size_t{1} << (shift - 1) >= pages) shift--;
    return shift;
}

}  // namespace

uint64_t KvCache::bytes_per_page(const std::vector<KvShape>& layers, KvType type) {
    uint64_t bytes = 0;
    for (const KvShape& shape : layers)
        bytes +=
            shape.heads * (key_bytes(shape.head_dim, type) + value_bytes(shape.head_dim, type));
    return bytes;
}

Result<KvCache> KvCache::make(const std::vector<KvShape>& layers, size_t pages, KvType type) {
    KvCache cache;
    for (const KvShape& shape : layers) {
        cache.layers_.push_back({shape, key_bytes(shape.head_dim, type),
                                 value_bytes(shape.head_dim, type), cache.page_bytes_});
        cache.page_bytes_ += bytes_per_page({shape}, type);
    }
    cache.pages_ = pages;
    cache.type_ = type;
    cache.block_shift_ = block_shift_for(cache.page_bytes_, pages);
    const size_t blocks = (pages + (size_t{1} << cache.block_shift_) - 1) >> cache.block_shift_;
    auto total = checked_mul(cache.page_bytes_ << cache.block_shift_, blocks);
    if (total && *total > 0) {
        // NORESERVE: what is not used is not counted; the engine has compared the need with the
        // memory that is free.
        void* address = ::mmap(nullptr, *total, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (address == MAP_FAILED)
            return Error{Code::NoFit,
                         cat("the key-value cache needs ", bytes_text(*total),
                             ", which this machine cannot give"),
                         "use a smaller --context"};
        // With large pages long contexts are read half as fast again.
        ::madvise(address, *total, MADV_HUGEPAGE);
        cache.memory_.address = static_cast<std::byte*>(address);
        cache.memory_.length = *total;
    }
    return cache;
}

std::byte* KvCache::plane(size_t layer, uint32_t page, size_t head, bool of_values) const {
    const Layer& at = layers_[layer];
    const size_t block = page >> block_shift_, place = page - (block << block_shift_);
    const size_t before = at.offset + head * (at.key_bytes + at.value_bytes);
    return memory_.address + (((block * page_bytes_) + before) << block_shift_) +
           (of_values ? (at.key_bytes << block_shift_) + place * at.value_bytes
                      : place * at.key_bytes);
}

const std::byte* KvCache::keys(size_t layer, uint32_t page, size_t head) const {
    return plane(layer, page, head, false);
}

const std::byte* KvCache::values(size_t layer, uint32_t page, size_t head) const {
    return plane(layer, page, head, true);
}

const float* KvCache::scales(const std::byte* plane, size_t rows, size_t columns) const {
    return reinterpret_cast<const float*>(plane + rows * columns * row_of(type_).value_bytes);
}

template <class Body>
void KvCache::each_plane(uint32_t page, Body body) const {
    for (size_t layer = 0; layer < layers_.size(); layer++)
        for (size_t head = 0; head < layers_[layer].shape.heads; head++) {
            body(plane(layer, page, head, false), layers_[layer].key_bytes);
            body(plane(layer, page, head, true), layers_[layer].value_bytes);
        }
}

void KvCache::read_page(uint32_t page, std::byte* out) const {
    each_plane(page,
               [&](const std::byte* plane, size_t bytes) { out = std::copy_n(plane, bytes, out); });
}

void KvCache::write_page(uint32_t page, const std::byte* from) {
    each_plane(page, [&](std::byte* plane, size_t bytes) {
        std::copy_n(from, bytes, plane);
        from += bytes;
    });
}

void KvCache::store_key(const Kernels& kernels, size_t layer, uint32_t page, size_t slot,
                        size_t head, const float* key) {
    const size_t dim = layers_[layer].shape.head_dim;
    std::byte* to = plane(layer, page, head, false);
    auto whole = [&](auto* rows) {
        using Number = std::remove_pointer_t<decltype(rows)>;
        auto* behind = reinterpret_cast<float*>(rows + key_rows(dim) * page_tokens);
        behind[slot] = store_whole(kernels, key, dim, type_, [&](size_t d, int16_t number) {
            rows[paired(d, slot, page_tokens)] = static_cast<Number>(number);
        });
    };
    if (type_ == KvType::F32) {
        auto* rows = reinterpret_cast<float*>(to);
        for (size_t d = 0; d < dim; d++) rows[d * page_tokens + slot] = key[d];
    } else if (type_ == KvType::F16) {
        auto* rows = reinterpret_cast<uint16_t*>(to);
        for (size_t d = 0; d < dim; d++) rows[d * page_tokens + slot] = float_to_half(key[d]);
    } else if (type_ == KvType::I16) {
        whole(reinterpret_cast<int16_t*>(to));
    } else {
        whole(reinterpret_cast<int8_t*>(to));
    }
}

void KvCache::store_value(const Kernels& kernels, size_t layer, uint32_t page, size_t slot,
                          size_t head, const float* value) {
    const size_t dim = layers_[layer].shape.head_dim, padded = value_floats(dim);
    std::byte* to = plane(layer, page, head, true);
    auto whole = [&](auto* rows) {
        using Number = std::remove_pointer_t<decltype(rows)>;
        auto* behind = reinterpret_cast<float*>(rows + page_tokens * padded);
        behind[slot] = store_whole(kernels, value, dim, type_, [&](size_t d, int16_t number) {
            rows[paired(slot, d, padded)] = static_cast<Number>(number);
        });
    };
    const size_t at = slot * padded;
    if (type_ == KvType::F32)
        std::memcpy(reinterpret_cast<float*>(to) + at, value, dim * sizeof(float));
    else if (type_ == KvType::F16)
        kernels.float_to_half(value, reinterpret_cast<uint16_t*>(to) + at, dim);
    else if (type_ == KvType::I16)
        whole(reinterpret_cast<int16_t*>(to));
    else
        whole(reinterpret_cast<int8_t*>(to));
}

}  // namespace linnet
