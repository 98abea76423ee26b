#include "model/kv_reader.h"

#include <algorithm>

#include "model/kv_scale.h"

namespace linnet {

namespace {

constexpr size_t page_tokens = KvCache::page_tokens;

size_t sums_of_row(size_t padded) {
    return std::max(page_tokens, padded);
}

}  // namespace

size_t KvReader::room_floats(size_t head_dim, size_t rows) {
    return chunk_tokens + rows * (2 + KvCache::key_rows(head_dim) / 2 + chunk_tokens / 2 +
                                  sums_of_row(KvCache::value_floats(head_dim)));
}

KvReader::KvReader(const Kernels& kernels, const KvCache& cache, size_t layer, size_t head,
                   size_t rows, float* room)
    : kernels_(kernels),
      cache_(cache),
      layer_(layer),
      head_(head),
      rows_(rows),
      dim_(cache.shape(layer).head_dim),
      key_rows_(KvCache::key_rows(dim_)),
      padded_(KvCache::value_floats(dim_)) {
    auto take = [&](size_t floats) { return std::exchange(room, room + floats); };
    value_scales_ = take(chunk_tokens);
    query_scales_ = take(rows);
    weight_scales_ = take(rows);
    whole_queries_ = reinterpret_cast<int16_t*>(take(rows * key_rows_ / 2));
    whole_weights_ = reinterpret_cast<int16_t*>(take(rows * chunk_tokens / 2));
    sums_ = reinterpret_cast<int32_t*>(take(rows * sums_of_row(padded_)));
}

void KvReader::ask(const float* queries) {
    queries_ = queries;
    if (cache_.type() != KvType::I16 && cache_.type() != KvType::I8) return;
    for (size_t r = 0; r < rows_; r++) {
        const float* query = queries + r * dim_;
        int16_t* whole = whole_queries_ + r * key_rows_;
        query_scales_[r] = length_scale(kernels_, query, dim_);
        kernels_.float_to_i16(query, inverse_of(query_scales_[r]), whole, dim_);
        std::fill(whole + dim_, whole + key_rows_, int16_t{0});
    }
}

void KvReader::score(std::span<const uint32_t> pages, float* out) const {
    switch (cache_.type()) {
        case KvType::F32:
            return score_floats(kernels_.accumulate_f32, pages, out);
        case KvType::F16:
            return score_floats(kernels_.accumulate_f16, pages, out);
        case KvType::I16:
            return score_whole(kernels_.accumulate_i16, pages, out);
        case KvType::I8:
            return score_whole(kernels_.accumulate_i8, pages, out);
    }
}

template <class Number>
void KvReader::score_floats(Accumulate<float, Number, float> add, std::span<const uint32_t> pages,
                            float* out) const {
    for (size_t i = 0; i < pages.size(); i++) {
        float* scores = out + i * page_tokens;
        for (size_t r = 0; r < rows_; r++)
            std::fill_n(scores + r * chunk_tokens, page_tokens, 0.0f);
        add(queries_, dim_, rows_, reinterpret_cast<const Number*>(keys(pages[i])), dim_,
            page_tokens, scores, chunk_tokens);
    }
}

template <class Number>
void KvReader::score_whole(Accumulate<int16_t, Number, int32_t> add,
                           std::span<const uint32_t> pages, float* out) const {
    for (size_t i = 0; i < pages.size(); i++) {
        const std::byte* plane = keys(pages[i]);
        std::fill_n(sums_, rows_ * page_tokens, 0);
        add(whole_queries_, key_rows_, rows_, reinterpret_cast<const Number*>(plane), key_rows_,
            page_tokens, sums_, page_tokens);
        const float* scales = cache_.scales(plane, key_rows_, page_tokens);
        for (size_t r = 0; r < rows_; r++)
            kernels_.i32_to_float(sums_ + r * page_tokens, query_scales_[r], scales,
                                  out + r * chunk_tokens + i * page_tokens, page_tokens);
    }
}

void KvReader::mix(std::span<const uint32_t> pages, const float* weights, size_t slots, float* out,
                   size_t out_stride) const {
    auto run = [&](auto mixer, auto add) {
        (this->*mixer)(add, pages, weights, slots, out, out_stride);
    };
    switch (cache_.type()) {
        case KvType::F32:
            return run(&KvReader::mix_floats<float>, kernels_.accumulate_f32);
        case KvType::F16:
            return run(&KvReader::mix_floats<uint16_t>, kernels_.accumulate_f16);
        case KvType::I16:
            return run(&KvReader::mix_whole<int16_t>, kernels_.accumulate_i16);
        case KvType::I8:
            return run(&KvReader::mix_whole<int8_t>, kernels_.accumulate_i8);
    }
}

template <class Number>
void KvReader::mix_floats(Accumulate<float, Number, float> add, std::span<const uint32_t> pages,
                          const float* weights, size_t slots, float* out, size_t out_stride) const {
    for (size_t r = 0; r < rows_; r++) std::fill_n(out + r * out_stride, padded_, 0.0f);
    for (size_t i = 0; i < pages.size(); i++)
        add(weights + i * page_tokens, chunk_tokens, rows_,
            reinterpret_cast<const Number*>(values(pages[i])),
            std::min(page_tokens, slots - i * page_tokens), padded_, out, out_stride);
}

template <class Number>
void KvReader::mix_whole(Accumulate<int16_t, Number, int32_t> add, std::span<const uint32_t> pages,
                         const float* weights, size_t slots, float* out, size_t out_stride) const {
    for (size_t i = 0; i < pages.size(); i++)
        std::copy_n(cache_.scales(values(pages[i]), page_tokens, padded_), page_tokens,
                    value_scales_ + i * page_tokens);
    for (size_t r = 0; r < rows_; r++)
        weight_scales_[r] =
            kernels_.weights_to_i16(weights + r * chunk_tokens, value_scales_,
                                    whole_weights_ + r * chunk_tokens, pages.size() * page_tokens);
    std::fill_n(sums_, rows_ * padded_, 0);
    for (size_t i = 0; i < pages.size(); i++) {
        const size_t here = std::min(page_tokens, slots - i * page_tokens);
        add(whole_weights_ + i * page_tokens, chunk_tokens, rows_,
            reinterpret_cast<const Number*>(values(pages[i])), (here + 1) / 2 * 2, padded_, sums_,
            padded_);
    }
    for (size_t r = 0; r < rows_; r++)
        kernels_.i32_to_float(sums_ + r * padded_, weight_scales_[r], nullptr, out + r * out_stride,
                              padded_);
}

}  // namespace linnet
