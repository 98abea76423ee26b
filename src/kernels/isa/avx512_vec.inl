// One register is the 16 lanes. Included by the AVX-512 instruction sets inside their namespaces.
struct Vec {
    // 4 x 4 accumulators, 4 tokens and a row fill 21 of 32 registers.
    static constexpr int tile_rows = 4, tile_tokens = 4;
    static constexpr int mix_rows = 12, mix_width = 2;  // 24 sums, 2 rows and a factor
    __m512 v;

    static Vec zero() { return {_mm512_setzero_ps()}; }
    static Vec all(float x) { return {_mm512_set1_ps(x)}; }
    static Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
    static Vec load_half(const uint16_t* p) {
        return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
    }
    static Vec load_bfloat(const uint16_t* p) {
        __m512i wide =
            _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
        return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
    }
    static Vec load_bytes(const int8_t* p) {
        return {_mm512_cvtepi32_ps(
            _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
    }
    void store(float* p) const { _mm512_storeu_ps(p, v); }
    void store_half(uint16_t* p) const {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                            _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    static Vec add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
    static Vec sub(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
    static Vec mul(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
    static Vec div(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
    static Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
    static Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
    static Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
    Vec magnitude() const { return {_mm512_abs_ps(v)}; }
    // 16 whole numbers from -128 to 127 as bytes; returns their sum.
    int32_t store_bytes(int8_t* p) const {
        __m512i whole = _mm512_cvtps_epi32(v);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(whole));
        return _mm512_reduce_add_epi32(whole);
    }
    void store_shorts(int16_t* p) const {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                            _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)));
    }
    static Vec round(Vec a) { return {_mm512_roundscale_ps(a.v, 0)}; }
    // a * 2^m for whole m with a normal result
    static Vec times_power_of_2(Vec a, Vec m) {
        __m512i exponent = _mm512_slli_epi32(_mm512_cvtps_epi32(m.v), 23);
        return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), exponent))};
    }
    static Vec zero_below(Vec x, Vec least, Vec value) {
        return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.v, least.v, _CMP_GE_OQ), value.v)};
    }
    float sum() const {
        __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
        __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        b = _mm_add_ps(b, _mm_movehl_ps(b, b));
        return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
    }
    float maximum() const { return _mm512_reduce_max_ps(v); }
};

struct Lines {
    __m512i v;
    static Lines load(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
    // 32 bytes as 16 bits each.
    static Lines load_widened(const int8_t* p) {
        return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
    }
    Lines low_nibbles() const { return {_mm512_and_si512(v, _mm512_set1_epi8(15))}; }
    Lines high_nibbles() const {
        return {_mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(15))};
    }
    // Adds VALUE to the bytes whose bit is set among the 64 at `bits`.
    template <int VALUE>
    Lines with_bit(const uint8_t* bits) const {
        uint64_t mask;
        __builtin_memcpy(&mask, bits, sizeof mask);
        return {_mm512_mask_add_epi8(v, mask, v, _mm512_set1_epi8(VALUE))};
    }
    // Bits 2 I and 2 I + 1 of each byte.
    template <int I>
    Lines two_bits() const {
        return {_mm512_and_si512(_mm512_srli_epi16(v, 2 * I), _mm512_set1_epi8(3))};
    }
    // Nibbles with two bits above each.
    Lines with_upper(Lines two) const { return {_mm512_or_si512(v, _mm512_slli_epi16(two.v, 4))}; }
    // 16 bytes, four times; and what stands in them at each nibble.
    static Lines repeat(const uint8_t* p) {
        return {_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
    }
    Lines look_up(Lines at) const { return {_mm512_shuffle_epi8(v, at.v)}; }
};

// Integers, but for what each set multiplies with its own instructions: with_bytes() adds to each
// lane four products of bytes, with_pairs() two of 16 bits.
struct Ints {
    static constexpr int tokens_max = 8;
    static constexpr bool takes_bytes = multiplies_bytes;
    __m512i v;
    static Ints all(int32_t x) { return {_mm512_set1_epi32(x)}; }
    static Ints load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
    void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
    static Ints add(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
    Vec to_float() const { return {_mm512_cvtepi32_ps(v)}; }
    Ints times_16() const { return {_mm512_slli_epi32(v, 4)}; }
    static Ints dot(Ints sum, Lines w, int32_t a) {
        return {with_bytes(sum.v, w.v, _mm512_set1_epi32(a))};
    }
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) { return {with_pairs(sum.v, pair.v, w.v)}; }
};
