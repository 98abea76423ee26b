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
    __m256i lo, hi;
    static Ints all(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
    static Ints add(Ints a, Ints b) {
        return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
    }
    Vec to_float() const { return {_mm256_cvtepi32_ps(lo), _mm256_cvtepi32_ps(hi)}; }
    // Each lane adds four products of its bytes (below 64) with the four of `a`. Pairs fit 16 bits.
    static Ints dot_small(Ints sum, Lines w, int32_t a) {
        return {dot(sum.lo, w.lo, _mm256_set1_epi32(a)), dot(sum.hi, w.hi, _mm256_set1_epi32(a))};
    }
    static __m256i dot(__m256i sum, __m256i w, __m256i a) {
        __m256i pairs = _mm256_maddubs_epi16(w, a);
        return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    // The same for bytes up to 255, whose pairs would not fit: by nibbles.
    static Ints dot_bytes(Ints sum, Lines w, int32_t a) {
        Ints high = dot_small(all(0), w.high_nibbles(), a);
        Ints shifted{_mm256_slli_epi32(high.lo, 4), _mm256_slli_epi32(high.hi, 4)};
        return dot_small(add(sum, shifted), w.low_nibbles(), a);
    }
};

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("avx2");

}  // namespace linnet::avx2
LINNET_TARGET_END
#endif
