// AVX-512 with VNNI: four products of bytes and their sum in one instruction.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// False alarms in g++ 12's own AVX-512 headers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c")
namespace linnet::avx512_vnni {
namespace {

constexpr bool multiplies_bytes = true;
inline __m512i with_bytes(__m512i sum, __m512i w, __m512i a) {
    return _mm512_dpbusd_epi32(sum, w, a);
}
inline __m512i with_pairs(__m512i sum, __m512i pair, __m512i w) {
    return _mm512_dpwssd_epi32(sum, pair, w);
}

#include "kernels/isa/avx512_vec.inl"

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("avx512_vnni");

}  // namespace linnet::avx512_vnni
LINNET_TARGET_END
#endif
