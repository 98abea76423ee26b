// AVX2 with FMA and F16C: two registers are the 16 lanes.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx2,fma,f16c")
namespace linnet::avx2 {
namespace {

constexpr int byte_tokens_max = 2;
constexpr bool multiplies_bytes = false;
// Of bytes below 64: pairs fit 16 bits.
inline __m256i with_bytes(__m256i sum, __m256i w, __m256i a) {
    __m256i pairs = _mm256_maddubs_epi16(w, a);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
inline __m256i with_pairs(__m256i sum, __m256i pair, __m256i w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pair, w));
}

#include "kernels/isa/avx2_vec.inl"

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
