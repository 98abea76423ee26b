// Keys and values of past tokens, in pages of 32 tokens that sequences own or share. Which page
// belongs to whom is the engine's matter; this is the memory.
//
// A page of a layer is keys, then values, for each of its heads: keys the other way round,
// (head_dim, token), values (token, head_dim padded to 16), so that scores and mixtures are both
// sums of rows with no sum across lanes. Int8 has a scale for each token and head, behind the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernels/kernels.h"

namespace linnet {

enum class KvType { F32, F16, I8 };
std::string_view kv_type_name(KvType type);  // "f32", "f16", "int8"
std::optional<KvType> parse_kv_type(std::string_view name);

struct KvShape {
    size_t heads = 0, head_dim = 0;  // of keys and values alike; 0 heads where a layer keeps none
};

class KvCache {
  public:
    static constexpr size_t page_tokens = 32;

    // NoFit where the memory cannot be had. Pages take memory when they are first written.
    static Result<KvCache> make(std::vector<KvShape> layers, size_t pages, KvType type);
    static constexpr size_t pages_for(size_t tokens) {
        return (tokens + page_tokens - 1) / page_tokens;
    }
    static uint64_t bytes_per_page(const std::vector<KvShape>& layers, KvType type);

    size_t pages() const { return pages_; }
    size_t page_bytes() const { return page_bytes_; }
    // All bytes of a page.
    std::span<std::byte> page(uint32_t page) {
        return {memory_.address + page * page_bytes_, page_bytes_};
    }

    // One head of one token, at `slot` of a page, head_dim values each.
    void store_key(size_t layer, uint32_t page, size_t slot, size_t head, const float* key);
    void store_value(const Kernels& kernels, size_t layer, uint32_t page, size_t slot, size_t head,
                     const float* value);
    // out[r * out_stride + slot] = query r . key of the slot, for all slots of a page; queries are
    // (rows, head_dim).
    void score(const Kernels& kernels, size_t layer, uint32_t page, size_t head,
               const float* queries, size_t rows, float* out, size_t out_stride) const;
    // out[r * out_stride + d] += sum over the first `slots` of weights[r * weights_stride + slot] *
    // value of the slot; out has value_floats() a row. May change the weights.
    void mix(const Kernels& kernels, size_t layer, uint32_t page, size_t head, float* weights,
             size_t weights_stride, size_t rows, size_t slots, float* out, size_t out_stride) const;
    // Calls for what score() and mix() will read of a page.
    void fetch_keys(size_t layer, uint32_t page, size_t head) const;
    void fetch_values(size_t layer, uint32_t page, size_t head) const;
    static constexpr size_t value_floats(size_t head_dim) { return (head_dim + 15) / 16 * 16; }

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
    static size_t plane_bytes(size_t values, KvType type);
    std::byte* keys(size_t layer, uint32_t page, size_t head) const;
    std::byte* values(size_t layer, uint32_t page, size_t head) const;

    std::vector<KvShape> layers_;
    std::vector<size_t> layer_offset_;  // bytes within a page
    size_t page_bytes_ = 0, pages_ = 0;
    KvType type_ = KvType::F16;
    Mapping memory_;
};

}  // namespace linnet
