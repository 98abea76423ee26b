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

constexpr bool multiplies_bytes = false;
// Of bytes below 64: pairs fit 16 bits.
inline __m512i with_bytes(__m512i sum, __m512i w, __m512i a) {
    __m512i pairs = _mm512_maddubs_epi16(w, a);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
inline __m512i with_pairs(__m512i sum, __m512i pair, __m512i w) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pair, w));
}

#include "kernels/isa/avx512_vec.inl"

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
