// Keys and values of past tokens, in pages of 32 tokens that sequences own or share. Which page
// belongs to whom is the engine's matter; this is the memory.
//
// A page has a plane of keys and one of values for each head of each layer: keys the other way
// round, (head_dim, token), values (token, head_dim padded to 16), so that scores and mixtures are
// both sums of rows with no sum across lanes (kv_reader.h). Planes of one kind lie page after page
// within blocks of pages, since they are read so: memory comes twice as fast as plane by plane (Zen
// 4).
//
// Whole numbers have their rows in pairs, (row / 2, column, 2), and a scale for each token and head
// behind them. Those of 16 bits are scaled to a length of 32767, not to a largest value: the
// product of two such rows fits 32 bits, whatever is in them.
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

enum class KvType { F32, F16, I16, I8 };
std::string_view kv_type_name(KvType type);  // "f32", "f16", "int16", "int8"
std::optional<KvType> parse_kv_type(std::string_view name);

struct KvShape {
    size_t heads = 0, head_dim = 0;  // of keys and values alike; 0 heads where a layer keeps none
};

class KvCache {
  public:
    static constexpr size_t page_tokens = 32;

    // NoFit where the memory cannot be had. Pages take memory when they are first written.
    static Result<KvCache> make(const std::vector<KvShape>& layers, size_t pages, KvType type);
    static constexpr size_t pages_for(size_t tokens) {
        return (tokens + page_tokens - 1) / page_tokens;
    }
    static uint64_t bytes_per_page(const std::vector<KvShape>& layers, KvType type);

    size_t pages() const { return pages_; }
    size_t page_bytes() const { return page_bytes_; }
    // All of a page, page_bytes() of it.
    void read_page(uint32_t page, std::byte* out) const;
    void write_page(uint32_t page, const std::byte* from);

    // One head of one token, at `slot` of a page, head_dim values each.
    void store_key(const Kernels& kernels, size_t layer, uint32_t page, size_t slot, size_t head,
                   const float* key);
    void store_value(const Kernels& kernels, size_t layer, uint32_t page, size_t slot, size_t head,
                     const float* value);

    KvType type() const { return type_; }
    const KvShape& shape(size_t layer) const { return layers_[layer].shape; }
    const std::byte* keys(size_t layer, uint32_t page, size_t head) const;
    const std::byte* values(size_t layer, uint32_t page, size_t head) const;
    // The scales of a plane with `rows` times `columns` whole numbers.
    const float* scales(const std::byte* plane, size_t rows, size_t columns) const;
    static constexpr size_t key_rows(size_t head_dim) { return (head_dim + 1) / 2 * 2; }
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
    struct Layer {
        KvShape shape;
        size_t key_bytes, value_bytes;  // of a plane
        size_t offset;                  // of the layers before, in a page
    };
    // body(plane, its bytes) for keys and values of every head.
    template <class Body>
    void each_plane(uint32_t page, Body body) const;
    std::byte* plane(size_t layer, uint32_t page, size_t head, bool of_values) const;

    std::vector<Layer> layers_;
    size_t page_bytes_ = 0, pages_ = 0;
    unsigned block_shift_ = 0;  // a block has 1 << this many pages
    KvType type_ = KvType::I16;
    Mapping memory_;
};

}  // namespace linnet
