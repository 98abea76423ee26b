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

#include "kernels/isa/avx512_vec.inl"

struct Ints {
    static constexpr int tokens_max = 8;
    static constexpr bool takes_bytes = true;
    __m512i v;
    static Ints all(int32_t x) { return {_mm512_set1_epi32(x)}; }
    static Ints load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
    void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
    static Ints add(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
    Vec to_float() const { return {_mm512_cvtepi32_ps(v)}; }
    static Ints dot(Ints sum, Lines w, int32_t a) {
        return {_mm512_dpbusd_epi32(sum.v, w.v, _mm512_set1_epi32(a))};
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) {
        return {_mm512_dpwssd_epi32(sum.v, pair.v, w.v)};
    }
};

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
