// AVX-512 (F, BW, VL, DQ): one register is the 16 lanes.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// False alarms in g++ 12's own AVX-512 headers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")
namespace linnet::avx512 {
namespace {

#include "kernels/isa/avx512_vec.inl"

struct Ints {
    static constexpr int tokens_max = 8;
    static constexpr bool takes_bytes = false;
    __m512i v;
    static Ints all(int32_t x) { return {_mm512_set1_epi32(x)}; }
    static Ints load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
    void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
    static Ints add(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
    Vec to_float() const { return {_mm512_cvtepi32_ps(v)}; }
    // Each lane adds four products of its bytes (below 64) with the four of `a`. Pairs fit 16 bits.
    static Ints dot(Ints sum, Lines w, int32_t a) {
        __m512i pairs = _mm512_maddubs_epi16(w.v, _mm512_set1_epi32(a));
        return {_mm512_add_epi32(sum.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) {
        return {_mm512_add_epi32(sum.v, _mm512_madd_epi16(pair.v, w.v))};
    }
    Ints times_16() const { return {_mm512_slli_epi32(v, 4)}; }
};

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("avx512");

}  // namespace linnet::avx512
LINNET_TARGET_END
#endif
