// AVX2 with AVX-VNNI: four products of bytes and their sum in one instruction.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx2,avxvnni,fma,f16c")
namespace linnet::avx_vnni {
namespace {

constexpr int byte_tokens_max = 4;
constexpr bool multiplies_bytes = true;
inline __m256i with_bytes(__m256i sum, __m256i w, __m256i a) {
    return _mm256_dpbusd_avx_epi32(sum, w, a);
}
inline __m256i with_pairs(__m256i sum, __m256i pair, __m256i w) {
    return _mm256_dpwssd_avx_epi32(sum, pair, w);
}

#include "kernels/isa/avx2_vec.inl"

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("avx_vnni");

}  // namespace linnet::avx_vnni
LINNET_TARGET_END
#endif
