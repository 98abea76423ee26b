// AVX2 with FMA and F16C: two registers are the 16 lanes.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx2,fma,f16c")
namespace linnet::avx2 {
namespace {

struct Vec {
    // 2 x 2 accumulators take 8 of 16 registers.
    static constexpr int tile_rows = 2, tile_tokens = 2;
    static constexpr int strip = 4;  // vectors of an output row held at once
    __m256 lo, hi;

    static Vec zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    static Vec all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static Vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static Vec load_half(const uint16_t* p) {
        auto* halves = reinterpret_cast<const __m128i*>(p);
        return {_mm256_cvtph_ps(_mm_loadu_si128(halves)),
                _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
    }
    void store(float* p) const {
        _mm256_storeu_ps(p, lo);
        _mm256_storeu_ps(p + 8, hi);
    }
    void store_half(uint16_t* p) const {
        constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        auto* halves = reinterpret_cast<__m128i*>(p);
        _mm_storeu_si128(halves, _mm256_cvtps_ph(lo, nearest));
        _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(hi, nearest));
    }
    static Vec add(Vec a, Vec b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
    static Vec sub(Vec a, Vec b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
    static Vec mul(Vec a, Vec b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
    static Vec div(Vec a, Vec b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
    static Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
    static Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
    static Vec fma(Vec a, Vec b, Vec c) {
        return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
    }
    static Vec round(Vec a) {
        constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        return {_mm256_round_ps(a.lo, nearest), _mm256_round_ps(a.hi, nearest)};
    }
    // a * 2^m for whole m with a normal result
    static Vec times_power_of_2(Vec a, Vec m) { return {scaled(a.lo, m.lo), scaled(a.hi, m.hi)}; }
    static __m256 scaled(__m256 x, __m256 power) {
        __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(power), 23);
        return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
    }
    static Vec zero_below(Vec x, Vec least, Vec value) {
        return {_mm256_and_ps(_mm256_cmp_ps(x.lo, least.lo, _CMP_GE_OQ), value.lo),
                _mm256_and_ps(_mm256_cmp_ps(x.hi, least.hi, _CMP_GE_OQ), value.hi)};
    }
    float sum() const {
        __m256 a = _mm256_add_ps(lo, hi);
        __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        b = _mm_add_ps(b, _mm_movehl_ps(b, b));
        return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
    }
    float maximum() const {
        __m256 a = _mm256_max_ps(lo, hi);
        __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        b = _mm_max_ps(b, _mm_movehl_ps(b, b));
        return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
    }
};

#include "kernels/generic/f32.inl"

}  // namespace

extern const Kernels table;
const Kernels table = table_f32("avx2");

}  // namespace linnet::avx2
LINNET_TARGET_END
#endif
