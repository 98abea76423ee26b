// Sums of rows, each times a number: attention's scores and mixtures, over the instruction set's
// Vec, and over its Ints and Lines for whole numbers. Included behind f32.inl.

inline Vec load_sums(const float* p) {
    return Vec::load(p);
}
inline Ints load_sums(const int32_t* p) {
    return Ints::load(p);
}

// What 16 columns are multiplied with at once: a number, or a pair.
inline Vec load_factor(const float* p) {
    return Vec::all(*p);
}
inline Ints load_factor(const int16_t* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return Ints::all(pair);
}

// 16 columns of a row, or of a pair of rows.
inline Lines load_row(const int16_t* p) {
    return Lines::load(reinterpret_cast<const uint8_t*>(p));
}
inline Lines load_row(const int8_t* p) {
    return Lines::load_widened(p);
}

inline Vec add_products(Vec sum, Vec factor, Vec row) {
    return Vec::fma(factor, row, sum);
}
inline Ints add_products(Ints sum, Ints pair, Lines rows) {
    return Ints::dot_pairs(sum, pair, rows);
}

template <class Factor>
constexpr size_t rows_at_once = 1;
template <>
inline constexpr size_t rows_at_once<int16_t> = 2;

// ROWS x WIDTH vectors of the output stay in registers while `depth` rows of b pass. Left to itself
// g++ unrolls the loops over them too late, and keeps whole numbers in memory.
template <int ROWS, int WIDTH, class Factor, class Number, class Sum>
inline void accumulate_tile(const Factor* a, size_t a_stride, const Number* b, size_t depth,
                            size_t n, Sum* out, size_t out_stride) {
    constexpr size_t AT_ONCE = rows_at_once<Factor>;
    decltype(load_sums(out)) sum[ROWS][WIDTH];
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int i = 0; i < WIDTH; i++) sum[r][i] = load_sums(out + r * out_stride + 16 * i);
    for (size_t k = 0; k < depth; k += AT_ONCE) {
        decltype(load_row(b)) row[WIDTH];
#pragma GCC unroll 8
        for (int i = 0; i < WIDTH; i++) row[i] = load_row(b + k * n + AT_ONCE * 16 * i);
#pragma GCC unroll 16
        for (int r = 0; r < ROWS; r++) {
            auto factor = load_factor(a + r * a_stride + k);
#pragma GCC unroll 8
            for (int i = 0; i < WIDTH; i++) sum[r][i] = add_products(sum[r][i], factor, row[i]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int i = 0; i < WIDTH; i++) sum[r][i].store(out + r * out_stride + 16 * i);
}

// Columns from `c` on, the widest tiles first.
template <int ROWS, int WIDTH, class Factor, class Number, class Sum>
inline void accumulate_columns(const Factor* a, size_t a_stride, const Number* b, size_t depth,
                               size_t n, size_t c, Sum* out, size_t out_stride) {
    for (; c + 16 * WIDTH <= n; c += 16 * WIDTH)
        accumulate_tile<ROWS, WIDTH>(a, a_stride, b + rows_at_once<Factor> * c, depth, n, out + c,
                                     out_stride);
    if constexpr (WIDTH > 1)
        accumulate_columns<ROWS, WIDTH / 2>(a, a_stride, b, depth, n, c, out, out_stride);
}

// Few rows take b from memory, so they take all of a row at once where registers allow: the
// processor foresees what is read in order.
template <int ROWS, class Factor, class Number, class Sum>
inline void accumulate_rows(const Factor* a, size_t a_stride, size_t rows, const Number* b,
                            size_t depth, size_t n, Sum* out, size_t out_stride) {
    constexpr int room = Vec::mix_rows * Vec::mix_width / ROWS;
    constexpr int width = room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 1;
    for (; rows >= ROWS; rows -= ROWS, a += ROWS * a_stride, out += ROWS * out_stride)
        accumulate_columns<ROWS, width>(a, a_stride, b, depth, n, 0, out, out_stride);
    if constexpr (ROWS > 1)
        accumulate_rows<ROWS / 2>(a, a_stride, rows, b, depth, n, out, out_stride);
}

template <class Factor, class Number, class Sum>
inline void accumulate(const Factor* a, size_t a_stride, size_t rows, const Number* b, size_t depth,
                       size_t n, Sum* out, size_t out_stride) {
    accumulate_rows<Vec::mix_rows>(a, a_stride, rows, b, depth, n, out, out_stride);
}

inline void store_shorts_tail(int16_t* out, Vec v, size_t count) {
    int16_t lanes[16];
    v.store_shorts(lanes);
    for (size_t i = 0; i < count; i++) out[i] = lanes[i];
}

// out = round(f(k, count of the 16)) over whole vectors and the tail.
template <class F>
inline void map_into_i16(int16_t* out, size_t n, F f) {
    size_t k = 0;
    for (; k + 16 <= n; k += 16) f(k, size_t{16}).store_shorts(out + k);
    if (k < n) store_shorts_tail(out + k, f(k, n - k), n - k);
}

inline void float_to_i16(const float* x, float factor, int16_t* out, size_t n) {
    Vec all = Vec::all(factor);
    map_into_i16(out, n,
                 [&](size_t k, size_t count) { return Vec::mul(load_some(x + k, count, 0), all); });
}

inline float weights_to_i16(const float* x, const float* weight, int16_t* out, size_t n) {
    auto product = [&](size_t k, size_t count) {
        return Vec::mul(load_some(x + k, count, 0), load_some(weight + k, count, 0));
    };
    Vec most = Vec::zero(), sum = Vec::zero();
    for (size_t k = 0; k < n; k += 16) {
        Vec p = product(k, n - k < 16 ? n - k : 16);
        most = Vec::max(most, p);
        sum = Vec::add(sum, p);
    }
    float by_most = most.maximum() / 32767, by_sum = sum.sum() / 65000;
    float scale = by_most > by_sum ? by_most : by_sum;
    Vec inverse = Vec::all(scale > 0 ? 1 / scale : 0);
    map_into_i16(out, n,
                 [&](size_t k, size_t count) { return Vec::mul(product(k, count), inverse); });
    return scale;
}

inline void i32_to_float(const int32_t* x, float scale, const float* weight, float* out, size_t n) {
    Vec factor = Vec::all(scale);
    auto scaled = [&](size_t k, size_t count) {
        int32_t lanes[16] = {};
        const int32_t* from = x + k;
        if (count < 16) {
            for (size_t i = 0; i < count; i++) lanes[i] = from[i];
            from = lanes;
        }
        return Vec::mul(Ints::load(from).to_float(), factor);
    };
    if (weight) {
        map_into(out, n, [&](size_t k, size_t count) {
            return Vec::mul(scaled(k, count), load_some(weight + k, count, 0));
        });
    } else {
        map_into(out, n, scaled);
    }
}
