// AVX2 with FMA and F16C: two registers are the 16 lanes.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx2,fma,f16c")
namespace linnet::avx2 {
namespace {

#include "kernels/isa/avx2_vec.inl"

struct Ints {
    static constexpr int tokens_max = 2;
    static constexpr bool takes_bytes = false;
    __m256i lo, hi;
    static Ints all(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
    static Ints load(const int32_t* p) {
        auto* halves = reinterpret_cast<const __m256i*>(p);
        return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
    }
    void store(int32_t* p) const {
        auto* halves = reinterpret_cast<__m256i*>(p);
        _mm256_storeu_si256(halves, lo);
        _mm256_storeu_si256(halves + 1, hi);
    }
    static Ints add(Ints a, Ints b) {
        return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
    }
    Vec to_float() const { return {_mm256_cvtepi32_ps(lo), _mm256_cvtepi32_ps(hi)}; }
    Ints times_16() const { return {_mm256_slli_epi32(lo, 4), _mm256_slli_epi32(hi, 4)}; }
    // Each lane adds four products of its bytes (below 64) with the four of `a`. Pairs fit 16 bits.
    static Ints dot(Ints sum, Lines w, int32_t a) {
        __m256i four = _mm256_set1_epi32(a);
        return {half_dot(sum.lo, w.lo, four), half_dot(sum.hi, w.hi, four)};
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) {
        return add(sum, {_mm256_madd_epi16(pair.lo, w.lo), _mm256_madd_epi16(pair.hi, w.hi)});
    }
    static __m256i half_dot(__m256i sum, __m256i w, __m256i a) {
        __m256i pairs = _mm256_maddubs_epi16(w, a);
        return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
};

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("avx2");

}  // namespace linnet::avx2
LINNET_TARGET_END
#endif
