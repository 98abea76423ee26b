// What rows of queries take from one head's keys and values, a chunk of positions after the other:
// scores, and mixtures of values.
//
// From whole numbers both are sums of products of integers, exact, and twice as fast as of floats:
// queries are scaled as the keys are (kv_cache.h), the weights of a chunk to a sum below 2^16, and
// the scales of the values are in the weights.
#pragma once

#include <span>

#include "model/kv_cache.h"

namespace linnet {

class KvReader {
  public:
    static constexpr size_t chunk_pages = 4;
    static constexpr size_t chunk_tokens = chunk_pages * KvCache::page_tokens;

    // `room`: room_floats() of the caller's, as long as the reader is used.
    static size_t room_floats(size_t head_dim, size_t rows);
    KvReader(const Kernels& kernels, const KvCache& cache, size_t layer, size_t head, size_t rows,
             float* room);

    // The queries that scores are of, (rows, head_dim); they stay the caller's.
    void ask(const float* queries);
    // out[r * chunk_tokens + slot] = query r . key of the slot, for all slots of the pages, of
    // which there are at most chunk_pages.
    void score(std::span<const uint32_t> pages, float* out) const;
    // out[r * out_stride + d] = sum over the first `slots` of weights[r * chunk_tokens + slot] *
    // value of the slot; out has value_floats() a row, and weights are 0 from there to the end of
    // the page.
    void mix(std::span<const uint32_t> pages, const float* weights, size_t slots, float* out,
             size_t out_stride) const;

  private:
    template <class Factor, class Number, class Sum>
    using Accumulate = Kernels::Accumulate<Factor, Number, Sum>;
    template <class Number>
    void score_floats(Accumulate<float, Number, float> add, std::span<const uint32_t> pages,
                      float* out) const;
    template <class Number>
    void score_whole(Accumulate<int16_t, Number, int32_t> add, std::span<const uint32_t> pages,
                     float* out) const;
    template <class Number>
    void mix_floats(Accumulate<float, Number, float> add, std::span<const uint32_t> pages,
                    const float* weights, size_t slots, float* out, size_t out_stride) const;
    template <class Number>
    void mix_whole(Accumulate<int16_t, Number, int32_t> add, std::span<const uint32_t> pages,
                   const float* weights, size_t slots, float* out, size_t out_stride) const;
    const std::byte* keys(uint32_t page) const { return cache_.keys(layer_, page, head_); }
    const std::byte* values(uint32_t page) const { return cache_.values(layer_, page, head_); }

    const Kernels& kernels_;
    const KvCache& cache_;
    size_t layer_, head_, rows_, dim_, key_rows_, padded_;
    const float* queries_ = nullptr;
    float *query_scales_, *value_scales_, *weight_scales_;  // (rows), (chunk_tokens), (rows)
    int16_t *whole_queries_, *whole_weights_;  // (rows, key_rows), (rows, chunk_tokens)
    int32_t* sums_;                            // (rows, the wider of page_tokens and padded)
};

}  // namespace linnet
