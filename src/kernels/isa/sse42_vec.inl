// Four registers are the 16 lanes. Included by the 128-bit instruction set inside its namespace.
struct Vec {
    static constexpr int tile_rows = 1, tile_tokens = 2;
    static constexpr int mix_rows = 2, mix_width = 1;  // 8 sums, 4 for a row, a factor
    __m128 v[4];

    template <class F>
    [[gnu::always_inline]] static Vec each(F f) {
        return {{f(0), f(1), f(2), f(3)}};
    }
    static Vec zero() { return all(0); }
    static Vec all(float x) {
        return each([&](int) { return _mm_set1_ps(x); });
    }
    static Vec load(const float* p) {
        return each([&](int i) { return _mm_loadu_ps(p + 4 * i); });
    }
    static __m128i four_halves(const uint16_t* p) {
        return _mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    }
    static Vec load_half(const uint16_t* p) {
        return each([&](int i) { return widened(four_halves(p + 4 * i)); });
    }
    // The bits of a half, 13 places up, are a float 2^112 times too small, subnormal ones too.
    static __m128 widened(__m128i half) {
        __m128i size = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x7FFF)), 13);
        __m128i sign = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x8000)), 16);
        __m128 scaled = _mm_mul_ps(_mm_castsi128_ps(size), _mm_set1_ps(0x1p112f));
        __m128i endless = _mm_cmpgt_epi32(size, _mm_set1_epi32((0x7C00 << 13) - 1));
        __m128i bits = _mm_or_si128(_mm_castps_si128(scaled),
                                    _mm_and_si128(endless, _mm_set1_epi32(0x7F800000)));
        return _mm_castsi128_ps(_mm_or_si128(bits, sign));
    }
    static Vec load_bfloat(const uint16_t* p) {
        return each(
            [&](int i) { return _mm_castsi128_ps(_mm_slli_epi32(four_halves(p + 4 * i), 16)); });
    }
    static Vec load_bytes(const int8_t* p) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return {{_mm_cvtepi32_ps(_mm_cvtepi8_epi32(bytes)),
                 _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(bytes, 4))),
                 _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(bytes, 8))),
                 _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(bytes, 12)))}};
    }
    void store(float* p) const {
        for (int i = 0; i < 4; i++) _mm_storeu_ps(p + 4 * i, v[i]);
    }
    void store_half(uint16_t* p) const {
        for (int i = 0; i < 4; i += 2) {
            __m128i both = _mm_packus_epi32(narrowed(v[i]), narrowed(v[i + 1]));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 4 * i), both);
        }
    }
    // To nearest even, in the lower halves of the lanes.
    static __m128i narrowed(__m128 x) {
        __m128i bits = _mm_castps_si128(x);
        __m128i size = _mm_and_si128(bits, _mm_set1_epi32(0x7FFFFFFF));
        __m128i sign = _mm_srli_epi32(_mm_xor_si128(bits, size), 16);
        // Subnormal: the addition of 1/2 rounds at the place of the half's last bit.
        __m128i magic = _mm_castps_si128(_mm_set1_ps(0.5f));
        __m128i small = _mm_sub_epi32(
            _mm_castps_si128(_mm_add_ps(_mm_castsi128_ps(size), _mm_set1_ps(0.5f))), magic);
        __m128i odd = _mm_and_si128(_mm_srli_epi32(size, 13), _mm_set1_epi32(1));
        __m128i rounding = _mm_add_epi32(odd, _mm_set1_epi32(0xFFF - (112 << 23)));
        __m128i normal = _mm_srli_epi32(_mm_add_epi32(size, rounding), 13);
        // Too large becomes infinity, and what is no number stays none.
        __m128i huge = _mm_cmpgt_epi32(size, _mm_set1_epi32(0x477FFFFF));
        __m128i none = _mm_cmpgt_epi32(size, _mm_set1_epi32(0x7F800000));
        __m128i endless =
            _mm_or_si128(_mm_set1_epi32(0x7C00), _mm_and_si128(none, _mm_set1_epi32(0x0200)));
        __m128i is_small = _mm_cmplt_epi32(size, _mm_set1_epi32(0x38800000));
        __m128i half = _mm_blendv_epi8(normal, small, is_small);
        return _mm_or_si128(_mm_blendv_epi8(half, endless, huge), sign);
    }
    static Vec add(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_add_ps(a.v[i], b.v[i]); });
    }
    static Vec sub(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_sub_ps(a.v[i], b.v[i]); });
    }
    static Vec mul(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_mul_ps(a.v[i], b.v[i]); });
    }
    static Vec div(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_div_ps(a.v[i], b.v[i]); });
    }
    static Vec max(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_max_ps(a.v[i], b.v[i]); });
    }
    static Vec min(const Vec& a, const Vec& b) {
        return each([&](int i) { return _mm_min_ps(a.v[i], b.v[i]); });
    }
    // a * b + c, rounded once: the product is exact in double, and rounding the sum there and then
    // to float is as good as once, unless the first rounding made it the middle of two floats. Then
    // its lower 28 bits are 0, and it is rounded to odd instead (Boldo and Melquiond 2008).
    [[gnu::always_inline]] static Vec fma(const Vec& a, const Vec& b, const Vec& c) {
        __m128d sums[8];
        const __m128i low = _mm_set1_epi64x((1 << 28) - 1);
        __m128i middle = _mm_setzero_si128();
        for (int i = 0; i < 8; i++) {
            sums[i] = _mm_add_pd(_mm_mul_pd(two(a, i), two(b, i)), two(c, i));
            __m128i bits = _mm_and_si128(_mm_castpd_si128(sums[i]), low);
            middle = _mm_or_si128(middle, _mm_cmpeq_epi64(bits, _mm_setzero_si128()));
        }
        if (_mm_movemask_epi8(middle) != 0)
            for (int i = 0; i < 8; i++)
                sums[i] = to_odd(_mm_mul_pd(two(a, i), two(b, i)), two(c, i), sums[i]);
        return each([&](int i) {
            return _mm_movelh_ps(_mm_cvtpd_ps(sums[2 * i]), _mm_cvtpd_ps(sums[2 * i + 1]));
        });
    }
    [[gnu::always_inline]] static __m128d two(const Vec& x, int i) {
        __m128 four = x.v[i / 2];
        return _mm_cvtps_pd(i % 2 == 0 ? four : _mm_movehl_ps(four, four));
    }
    // x + y, whose sum to nearest is `sum`: where that is not exact, the odd one of its two
    // neighbours.
    static __m128d to_odd(__m128d x, __m128d y, __m128d sum) {
        __m128d part = _mm_sub_pd(sum, x);
        __m128d error = _mm_add_pd(_mm_sub_pd(x, _mm_sub_pd(sum, part)), _mm_sub_pd(y, part));
        // Not where the sum is infinite or none.
        __m128d zero = _mm_setzero_pd();
        __m128d wrong = _mm_or_pd(_mm_cmplt_pd(error, zero), _mm_cmpgt_pd(error, zero));
        __m128i bits = _mm_castpd_si128(sum);
        __m128i even = _mm_sub_epi64(_mm_and_si128(bits, _mm_set1_epi64x(1)), _mm_set1_epi64x(1));
        __m128i apart = _mm_xor_si128(bits, _mm_castpd_si128(error));
        apart = _mm_shuffle_epi32(_mm_srai_epi32(apart, 31), 0xF5);
        __m128i step = _mm_or_si128(apart, _mm_set1_epi64x(1));  // away from 0 or towards it
        step = _mm_and_si128(step, _mm_and_si128(even, _mm_castpd_si128(wrong)));
        return _mm_castsi128_pd(_mm_add_epi64(bits, step));
    }
    Vec magnitude() const {
        __m128 mask = _mm_castsi128_ps(_mm_set1_epi32(0x7FFFFFFF));
        return each([&](int i) { return _mm_and_ps(v[i], mask); });
    }
    // 16 whole numbers from -128 to 127 as bytes; returns their sum.
    int32_t store_bytes(int8_t* p) const {
        __m128i n[4];
        for (int i = 0; i < 4; i++) n[i] = _mm_cvtps_epi32(v[i]);
        __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(n[0], n[1]), _mm_packs_epi32(n[2], n[3]));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
        __m128i t = _mm_add_epi32(_mm_add_epi32(n[0], n[1]), _mm_add_epi32(n[2], n[3]));
        t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4E));
        t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0xB1));
        return _mm_cvtsi128_si32(t);
    }
    void store_shorts(int16_t* p) const {
        for (int i = 0; i < 4; i += 2) {
            __m128i shorts = _mm_packs_epi32(_mm_cvtps_epi32(v[i]), _mm_cvtps_epi32(v[i + 1]));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 4 * i), shorts);
        }
    }
    static Vec round(const Vec& a) {
        return each([&](int i) {
            return _mm_round_ps(a.v[i], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        });
    }
    // a * 2^m for whole m with a normal result
    static Vec times_power_of_2(const Vec& a, const Vec& m) {
        return each([&](int i) {
            __m128i exponent = _mm_slli_epi32(_mm_cvtps_epi32(m.v[i]), 23);
            return _mm_castsi128_ps(_mm_add_epi32(_mm_castps_si128(a.v[i]), exponent));
        });
    }
    static Vec zero_below(const Vec& x, const Vec& least, const Vec& value) {
        return each(
            [&](int i) { return _mm_and_ps(_mm_cmpge_ps(x.v[i], least.v[i]), value.v[i]); });
    }
    float sum() const {
        __m128 t = _mm_add_ps(_mm_add_ps(v[0], v[2]), _mm_add_ps(v[1], v[3]));
        t = _mm_add_ps(t, _mm_movehl_ps(t, t));
        return _mm_cvtss_f32(_mm_add_ss(t, _mm_movehdup_ps(t)));
    }
    float maximum() const {
        __m128 t = _mm_max_ps(_mm_max_ps(v[0], v[2]), _mm_max_ps(v[1], v[3]));
        t = _mm_max_ps(t, _mm_movehl_ps(t, t));
        return _mm_cvtss_f32(_mm_max_ss(t, _mm_movehdup_ps(t)));
    }
};

struct Lines {
    __m128i v[4];
    template <class F>
    [[gnu::always_inline]] static Lines each(F f) {
        return {{f(0), f(1), f(2), f(3)}};
    }
    static __m128i sixteen(const uint8_t* p) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    }
    static Lines load(const uint8_t* p) {
        return each([&](int i) { return sixteen(p + 16 * i); });
    }
    // 32 bytes as 16 bits each.
    static Lines load_widened(const int8_t* p) {
        return each([&](int i) {
            return _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 8 * i)));
        });
    }
    Lines low_nibbles() const {
        return each([&](int i) { return _mm_and_si128(v[i], _mm_set1_epi8(15)); });
    }
    Lines high_nibbles() const {
        return each(
            [&](int i) { return _mm_and_si128(_mm_srli_epi16(v[i], 4), _mm_set1_epi8(15)); });
    }
    // Adds VALUE to the bytes whose bit is set among the 64 at `bits`.
    template <int VALUE>
    Lines with_bit(const uint8_t* bits) const {
        return each([&](int i) {
            int16_t word;
            __builtin_memcpy(&word, bits + 2 * i, sizeof word);
            // Byte k of the result looks at bit k: byte k / 8 of the word, its bit k % 8.
            const __m128i spread = _mm_set_epi64x(0x0101010101010101, 0);
            const __m128i one = _mm_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
            __m128i bytes = _mm_and_si128(_mm_shuffle_epi8(_mm_set1_epi16(word), spread), one);
            return _mm_add_epi8(v[i],
                                _mm_and_si128(_mm_cmpeq_epi8(bytes, one), _mm_set1_epi8(VALUE)));
        });
    }
    // Bits 2 I and 2 I + 1 of each byte.
    template <int I>
    Lines two_bits() const {
        return each(
            [&](int i) { return _mm_and_si128(_mm_srli_epi16(v[i], 2 * I), _mm_set1_epi8(3)); });
    }
    // Nibbles with two bits above each.
    Lines with_upper(const Lines& two) const {
        return each([&](int i) { return _mm_or_si128(v[i], _mm_slli_epi16(two.v[i], 4)); });
    }
    // 16 bytes, four times; and what stands in them at each nibble.
    static Lines repeat(const uint8_t* p) {
        return each([&](int) { return sixteen(p); });
    }
    Lines look_up(const Lines& at) const {
        return each([&](int i) { return _mm_shuffle_epi8(v[i], at.v[i]); });
    }
};
