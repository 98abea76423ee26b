// AVX2 with AVX-VNNI: four products of bytes and their sum in one instruction.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("avx2,avxvnni,fma,f16c")
namespace linnet::avx_vnni {
namespace {

#include "kernels/isa/avx2_vec.inl"

struct Ints {
    static constexpr int tokens_max = 4;
    static constexpr bool takes_bytes = true;
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
    static Ints dot(Ints sum, Lines w, int32_t a) {
        __m256i four = _mm256_set1_epi32(a);
        return {_mm256_dpbusd_avx_epi32(sum.lo, w.lo, four),
                _mm256_dpbusd_avx_epi32(sum.hi, w.hi, four)};
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) {
        return {_mm256_dpwssd_avx_epi32(sum.lo, pair.lo, w.lo),
                _mm256_dpwssd_avx_epi32(sum.hi, pair.hi, w.hi)};
    }
};

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
