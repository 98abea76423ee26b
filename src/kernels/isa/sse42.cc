// SSE4.2, for processors without AVX2: small ones sold until 2022, and old ones. Four registers are
// the 16 lanes. There is no fused multiply-add: it is made of doubles, with the same bits.
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/isa/target.h"

LINNET_TARGET_BEGIN("sse4.2")
namespace linnet::sse42 {
namespace {

#include "kernels/isa/sse42_vec.inl"

struct Ints {
    static constexpr int tokens_max = 2;
    static constexpr bool takes_bytes = false;
    __m128i v[4];
    template <class F>
    [[gnu::always_inline]] static Ints each(F f) {
        return {{f(0), f(1), f(2), f(3)}};
    }
    static Ints all(int32_t x) {
        return each([&](int) { return _mm_set1_epi32(x); });
    }
    static Ints load(const int32_t* p) {
        return each(
            [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 4 * i)); });
    }
    void store(int32_t* p) const {
        for (int i = 0; i < 4; i++) _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 4 * i), v[i]);
    }
    static Ints add(const Ints& a, const Ints& b) {
        return each([&](int i) { return _mm_add_epi32(a.v[i], b.v[i]); });
    }
    Vec to_float() const {
        return Vec::each([&](int i) { return _mm_cvtepi32_ps(v[i]); });
    }
    // Each lane adds four products of its bytes (below 64) with the four of `a`. Pairs fit 16 bits.
    [[gnu::always_inline]] static Ints dot(const Ints& sum, const Lines& w, int32_t a) {
        Ints out;
        for (int i = 0; i < 4; i++) {
            __m128i pairs = _mm_maddubs_epi16(w.v[i], _mm_set1_epi32(a));
            out.v[i] = _mm_add_epi32(sum.v[i], _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
        }
        return out;
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    [[gnu::always_inline]] static Ints dot_pairs(const Ints& sum, const Ints& pair,
                                                 const Lines& w) {
        return each(
            [&](int i) { return _mm_add_epi32(sum.v[i], _mm_madd_epi16(pair.v[i], w.v[i])); });
    }
    Ints times_16() const {
        return each([&](int i) { return _mm_slli_epi32(v[i], 4); });
    }
};

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("sse42");

}  // namespace linnet::sse42
LINNET_TARGET_END
#endif
