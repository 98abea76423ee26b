#include "model/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/text.h"

namespace linnet {

static size_t bytes_of(KvType type) {
    return type == KvType::F32 ? 4 : 2;
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
        bytes += 2 * shape.heads * page_tokens * shape.head_dim * bytes_of(type);
    return bytes;
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
    cache.value_bytes_ = bytes_of(type);
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

std::byte* KvCache::plane(size_t layer, uint32_t page, size_t head, bool values) const {
    const KvShape& shape = layers_[layer];
    size_t plane_bytes = page_tokens * shape.head_dim * value_bytes_;
    return memory_.address + page * page_bytes_ + layer_offset_[layer] +
           (head + (values ? shape.heads : 0)) * plane_bytes;
}

void KvCache::store(const Kernels& kernels, size_t layer, uint32_t page, size_t slot,
                    const float* keys, const float* values) {
    const size_t dim = layers_[layer].head_dim;
    for (size_t head = 0; head < layers_[layer].heads; head++) {
        for (bool is_value : {false, true}) {
            const float* from = (is_value ? values : keys) + head * dim;
            std::byte* to = plane(layer, page, head, is_value) + slot * dim * value_bytes_;
            if (type_ == KvType::F32)
                std::memcpy(to, from, dim * sizeof(float));
            else
                kernels.float_to_half(from, reinterpret_cast<uint16_t*>(to), dim);
        }
    }
}

const float* KvCache::read(const Kernels& kernels, size_t layer, const std::byte* plane,
                           float* scratch) const {
    if (type_ == KvType::F32) return reinterpret_cast<const float*>(plane);
    kernels.half_to_float(reinterpret_cast<const uint16_t*>(plane), scratch,
                          page_tokens * layers_[layer].head_dim);
    return scratch;
}

const float* KvCache::keys(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
                           float* scratch) const {
    return read(kernels, layer, plane(layer, page, head, false), scratch);
}

const float* KvCache::values(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
                             float* scratch) const {
    return read(kernels, layer, plane(layer, page, head, true), scratch);
}

}  // namespace linnet
