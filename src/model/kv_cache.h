// Keys and values of past tokens, in pages of 32 tokens that sequences own or share. Which page
// belongs to whom is the engine's matter; this is the memory. A page of a layer is keys then
// values, each (kv head, token, head_dim).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "kernels/kernels.h"

namespace linnet {

enum class KvType { F32, F16 };

struct KvShape {
    size_t heads = 0, head_dim = 0;  // of keys and values alike; 0 heads where a layer keeps none
};

class KvCache {
  public:
    static constexpr size_t page_tokens = 32;

    // NoFit where the memory cannot be had. Pages take memory when they are first written.
    static Result<KvCache> make(std::vector<KvShape> layers, size_t pages, KvType type);
    static uint64_t bytes_per_page(const std::vector<KvShape>& layers, KvType type);

    size_t pages() const { return pages_; }

    // Writes the keys and values, (heads, head_dim) each, of the token at `slot` of a page.
    void store(const Kernels& kernels, size_t layer, uint32_t page, size_t slot, const float* keys,
               const float* values);
    // Keys of one head of a page as (page_tokens, head_dim) float32: in place, or converted into
    // `scratch`.
    const float* keys(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
                      float* scratch) const;
    const float* values(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
                        float* scratch) const;

  private:
    struct Mapping {
        std::byte* address = nullptr;
        size_t length = 0;
        Mapping() = default;
        Mapping(Mapping&& other) noexcept;
        Mapping& operator=(Mapping&& other) noexcept;
        ~Mapping();
    };
    KvCache() = default;
    std::byte* plane(size_t layer, uint32_t page, size_t head, bool values) const;
    const float* read(const Kernels& kernels, size_t layer, const std::byte* plane,
                      float* scratch) const;

    std::vector<KvShape> layers_;
    std::vector<size_t> layer_offset_;  // bytes within a page
    size_t page_bytes_ = 0, pages_ = 0, value_bytes_ = 0;
    KvType type_ = KvType::F16;
    Mapping memory_;
};

}  // namespace linnet
