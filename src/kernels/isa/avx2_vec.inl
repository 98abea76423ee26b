// Two registers are the 16 lanes. Included by the 256-bit instruction sets inside their namespaces.
struct Vec {
    // 2 x 2 accumulators take 8 of 16 registers.
    static constexpr int tile_rows = 2, tile_tokens = 2;
    static constexpr int mix_rows = 6, mix_width = 1;  // 12 sums, 2 for a row, a factor
    __m256 lo, hi;

    static Vec zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    static Vec all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static Vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static Vec load_half(const uint16_t* p) {
        auto* halves = reinterpret_cast<const __m128i*>(p);
        return {_mm256_cvtph_ps(_mm_loadu_si128(halves)),
                _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
    }
    static Vec load_bfloat(const uint16_t* p) {
        auto* halves = reinterpret_cast<const __m128i*>(p);
        return {widened(_mm_loadu_si128(halves)), widened(_mm_loadu_si128(halves + 1))};
    }
    static __m256 widened(__m128i bfloats) {
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bfloats), 16));
    }
    static Vec load_bytes(const int8_t* p) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
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
    Vec magnitude() const {
        __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
        return {_mm256_and_ps(lo, mask), _mm256_and_ps(hi, mask)};
    }
    // 16 whole numbers from -128 to 127 as bytes; returns their sum.
    int32_t store_bytes(int8_t* p) const {
        __m256i a = _mm256_cvtps_epi32(lo), b = _mm256_cvtps_epi32(hi);
        __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8);
        __m128i bytes =
            _mm_packs_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
        __m256i s = _mm256_add_epi32(a, b);
        __m128i t = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
        t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4E));
        t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0xB1));
        return _mm_cvtsi128_si32(t);
    }
    void store_shorts(int16_t* p) const {
        __m256i shorts = _mm256_packs_epi32(_mm256_cvtps_epi32(lo), _mm256_cvtps_epi32(hi));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(shorts, 0xD8));
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

struct Lines {
    __m256i lo, hi;
    static Lines load(const uint8_t* p) {
        auto* halves = reinterpret_cast<const __m256i*>(p);
        return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
    }
    // 32 bytes as 16 bits each.
    static Lines load_widened(const int8_t* p) {
        auto* bytes = reinterpret_cast<const __m128i*>(p);
        return {_mm256_cvtepi8_epi16(_mm_loadu_si128(bytes)),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(bytes + 1))};
    }
    Lines low_nibbles() const {
        __m256i mask = _mm256_set1_epi8(15);
        return {_mm256_and_si256(lo, mask), _mm256_and_si256(hi, mask)};
    }
    Lines high_nibbles() const {
        return Lines{_mm256_srli_epi16(lo, 4), _mm256_srli_epi16(hi, 4)}.low_nibbles();
    }
    // Adds VALUE to the bytes whose bit is set among the 64 at `bits`.
    template <int VALUE>
    Lines with_bit(const uint8_t* bits) const {
        return {_mm256_add_epi8(lo, where_set<VALUE>(bits)),
                _mm256_add_epi8(hi, where_set<VALUE>(bits + 4))};
    }
    // Bits 2 I and 2 I + 1 of each byte.
    template <int I>
    Lines two_bits() const {
        __m256i mask = _mm256_set1_epi8(3);
        return {_mm256_and_si256(_mm256_srli_epi16(lo, 2 * I), mask),
                _mm256_and_si256(_mm256_srli_epi16(hi, 2 * I), mask)};
    }
    // Nibbles with two bits above each.
    Lines with_upper(Lines two) const {
        return {_mm256_or_si256(lo, _mm256_slli_epi16(two.lo, 4)),
                _mm256_or_si256(hi, _mm256_slli_epi16(two.hi, 4))};
    }
    // 16 bytes, four times; and what stands in them at each nibble.
    static Lines repeat(const uint8_t* p) {
        __m256i both =
            _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
        return {both, both};
    }
    Lines look_up(Lines at) const {
        return {_mm256_shuffle_epi8(lo, at.lo), _mm256_shuffle_epi8(hi, at.hi)};
    }
    template <int VALUE>
    static __m256i where_set(const uint8_t* bits) {
        int32_t word;
        __builtin_memcpy(&word, bits, sizeof word);
        // Byte i of the result looks at bit i: byte i / 8 of the word, its bit i % 8.
        const __m256i spread =
            _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
        const __m256i each = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
        __m256i bytes =
            _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), spread), each);
        return _mm256_and_si256(_mm256_cmpeq_epi8(bytes, each), _mm256_set1_epi8(VALUE));
    }
};

// Integers, but for what each set multiplies with its own instructions: with_bytes() adds to each
// lane four products of bytes, with_pairs() two of 16 bits.
struct Ints {
    static constexpr int tokens_max = byte_tokens_max;
    static constexpr bool takes_bytes = multiplies_bytes;
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
    Ints times_16() const { return {_mm256_slli_epi32(lo, 4), _mm256_slli_epi32(hi, 4)}; }
    static Ints dot(Ints sum, Lines w, int32_t a) {
        __m256i four = _mm256_set1_epi32(a);
        return {with_bytes(sum.lo, w.lo, four), with_bytes(sum.hi, w.hi, four)};
    }
    static Ints dot_pairs(Ints sum, Ints pair, Lines w) {
        return {with_pairs(sum.lo, pair.lo, w.lo), with_pairs(sum.hi, pair.hi, w.hi)};
    }
};
