// The float32 loops, over the instruction set's Vec (16 lanes). Included by each isa/*.cc inside
// its own namespace; the order of sums is the contract of kernels.h.

// The last, incomplete 16 elements of an array, padded.
inline Vec load_tail(const float* x, size_t count, float padding) {
    float lanes[16];
    for (size_t i = 0; i < 16; i++) lanes[i] = i < count ? x[i] : padding;
    return Vec::load(lanes);
}

inline void store_tail(float* out, Vec v, size_t count) {
    float lanes[16];
    v.store(lanes);
    for (size_t i = 0; i < count; i++) out[i] = lanes[i];
}

// out[i] = f(x[i]) over whole vectors and the tail.
template <class F>
inline void map_into(float* out, size_t n, F f) {
    size_t k = 0;
    for (; k + 16 <= n; k += 16) f(k, size_t{16}).store(out + k);
    if (k < n) store_tail(out + k, f(k, n - k), n - k);
}

inline Vec load_some(const float* x, size_t count, float padding) {
    return count == 16 ? Vec::load(x) : load_tail(x, count, padding);
}

// 16 numbers of the formats that rows of weights, keys and values are kept in.
inline Vec load_row(const float* p) {
    return Vec::load(p);
}
inline Vec load_row(const uint16_t* p) {
    return Vec::load_half(p);
}
inline Vec load_row(const Bfloat* p) {
    return Vec::load_bfloat(&p->bits);
}

template <class Number>
inline Vec load_row_tail(const Number* p, size_t count) {
    Number lanes[16] = {};
    for (size_t i = 0; i < count; i++) lanes[i] = p[i];
    return load_row(lanes);
}

// ROWS x TOKENS dot products at once: each has an accumulator of its own, so the order within one
// never depends on the tile. `fetch`: the rows come from memory, so what lies behind is asked for.
template <int ROWS, int TOKENS, class Number>
inline void tile_rows(const Number* w, size_t n, const float* x, size_t x_stride, float* y,
                      size_t y_stride, bool fetch) {
    Vec sum[ROWS][TOKENS];
    for (auto& row : sum)
        for (Vec& v : row) v = Vec::zero();
    auto step = [&](size_t k, auto load_weights, auto load_activations) {
        Vec xs[TOKENS];
        for (int t = 0; t < TOKENS; t++) xs[t] = load_activations(x + t * x_stride + k);
        for (int r = 0; r < ROWS; r++) {
            if (fetch) __builtin_prefetch(w + r * n + k + 2048 / sizeof(Number));
            Vec row = load_weights(w + r * n + k);
            for (int t = 0; t < TOKENS; t++) sum[r][t] = Vec::fma(row, xs[t], sum[r][t]);
        }
    };
    size_t k = 0;
    for (; k + 16 <= n; k += 16)
        step(
            k, [](const Number* p) { return load_row(p); },
            [](const float* p) { return Vec::load(p); });
    if (size_t rest = n - k; rest > 0)
        step(
            k, [&](const Number* p) { return load_row_tail(p, rest); },
            [&](const float* p) { return load_tail(p, rest, 0); });
    for (int r = 0; r < ROWS; r++)
        for (int t = 0; t < TOKENS; t++) y[t * y_stride + r] = sum[r][t].sum();
}

template <int ROWS, class Number>
inline void tokens_rows(const Number* w, size_t n, const float* x, size_t x_stride, size_t tokens,
                        float* y, size_t y_stride) {
    constexpr int T = Vec::tile_tokens;
    size_t t = 0;
    for (; t + T <= tokens; t += T)
        tile_rows<ROWS, T>(w, n, x + t * x_stride, x_stride, y + t * y_stride, y_stride, t == 0);
    for (; t < tokens; t++)
        tile_rows<ROWS, 1>(w, n, x + t * x_stride, x_stride, y + t * y_stride, y_stride, t == 0);
}

template <class Number>
inline void matmul_rows(const Number* w, size_t rows, size_t n, const float* x, size_t x_stride,
                        size_t tokens, float* y, size_t y_stride) {
    constexpr size_t R = Vec::tile_rows;
    size_t r = 0;
    // One token takes row by row: of one stream the processor foresees more than of R (twice the
    // speed with float16).
    for (; r + R <= rows && tokens > 1; r += R)
        tokens_rows<R>(w + r * n, n, x, x_stride, tokens, y + r, y_stride);
    for (; r < rows; r++) tokens_rows<1>(w + r * n, n, x, x_stride, tokens, y + r, y_stride);
}

inline void matmul_f32(const float* w, size_t rows, size_t n, const float* x, size_t x_stride,
                       size_t tokens, float* y, size_t y_stride) {
    matmul_rows(w, rows, n, x, x_stride, tokens, y, y_stride);
}

inline void matmul_f16(const uint16_t* w, size_t rows, size_t n, const float* x, size_t x_stride,
                       size_t tokens, float* y, size_t y_stride) {
    matmul_rows(w, rows, n, x, x_stride, tokens, y, y_stride);
}

inline void matmul_bf16(const Bfloat* w, size_t rows, size_t n, const float* x, size_t x_stride,
                        size_t tokens, float* y, size_t y_stride) {
    matmul_rows(w, rows, n, x, x_stride, tokens, y, y_stride);
}

inline float dot_f32(const float* a, const float* b, size_t n) {
    float out;
    tile_rows<1, 1>(a, n, b, n, &out, 1, false);
    return out;
}

inline float sum_squares_f32(const float* x, size_t n) {
    return dot_f32(x, x, n);
}

inline float sum_f32(const float* x, size_t n) {
    Vec sum = Vec::zero();
    size_t k = 0;
    for (; k + 16 <= n; k += 16) sum = Vec::add(sum, Vec::load(x + k));
    if (k < n) sum = Vec::add(sum, load_tail(x + k, n - k, 0));
    return sum.sum();
}

inline void add_scaled_f32(float* y, const float* x, float scale, size_t n) {
    Vec factor = Vec::all(scale);
    map_into(y, n, [&](size_t k, size_t count) {
        return Vec::fma(factor, load_some(x + k, count, 0), load_some(y + k, count, 0));
    });
}

inline void scale_f32(const float* x, float scale, const float* weight, float* out, size_t n) {
    Vec factor = Vec::all(scale);
    map_into(out, n, [&](size_t k, size_t count) {
        Vec scaled = Vec::mul(load_some(x + k, count, 0), factor);
        return Vec::mul(scaled, load_some(weight + k, count, 0));
    });
}

inline float max_f32(const float* x, size_t n) {
    constexpr float lowest = -__builtin_inff();
    Vec most = Vec::all(lowest);
    size_t k = 0;
    for (; k + 16 <= n; k += 16) most = Vec::max(most, Vec::load(x + k));
    if (k < n) most = Vec::max(most, load_tail(x + k, n - k, lowest));
    return most.maximum();
}

// e^x for x <= 88: x = m ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 in r whose
// coefficients are a minimax fit of e^r (relative error below 2^-24 before rounding; at most 1 ulp
// after). Below -87.3 the result is 0.
inline Vec exp_f32(Vec x) {
    Vec bounded = Vec::min(Vec::max(x, Vec::all(-88.0f)), Vec::all(88.0f));
    Vec m = Vec::round(Vec::mul(bounded, Vec::all(1.44269504f)));
    Vec r = Vec::fma(m, Vec::all(-0.693145752f), bounded);  // ln 2, the high bits: m * it is exact
    r = Vec::fma(m, Vec::all(-1.42860677e-6f), r);          // and the rest
    Vec p = Vec::all(1.0f / 720);
    p = Vec::fma(p, r, Vec::all(1.0f / 120));
    p = Vec::fma(p, r, Vec::all(1.0f / 24));
    p = Vec::fma(p, r, Vec::all(1.0f / 6));
    p = Vec::fma(p, r, Vec::all(0.5f));
    p = Vec::fma(p, r, Vec::all(1.0f));
    p = Vec::fma(p, r, Vec::all(1.0f));
    return Vec::zero_below(x, Vec::all(-87.3f), Vec::times_power_of_2(p, m));
}

inline float exp_sum_f32(float* x, float maximum, size_t n) {
    Vec shift = Vec::all(maximum);
    Vec sum = Vec::zero();
    map_into(x, n, [&](size_t k, size_t count) {
        // Padding becomes exactly 0 in the sum.
        Vec e = exp_f32(Vec::sub(load_some(x + k, count, -__builtin_inff()), shift));
        sum = Vec::add(sum, e);
        return e;
    });
    return sum.sum();
}

// 1 / (1 + e^-x)
inline Vec sigmoid_f32(Vec x) {
    return Vec::div(Vec::all(1), Vec::add(Vec::all(1), exp_f32(Vec::sub(Vec::zero(), x))));
}

// tanh(z) = 2 sigmoid(2 z) - 1
inline void soft_cap_f32(float* x, float cap, size_t n) {
    Vec inward = Vec::all(2 / cap), outward = Vec::all(2 * cap), shift = Vec::all(-cap);
    map_into(x, n, [&](size_t k, size_t count) {
        Vec s = sigmoid_f32(Vec::mul(load_some(x + k, count, 0), inward));
        return Vec::fma(outward, s, shift);
    });
}

// out = f(gate) * up
template <class F>
inline void gated_f32(const float* gate, const float* up, float* out, size_t n, F f) {
    if (up) {
        map_into(out, n, [&](size_t k, size_t count) {
            return Vec::mul(f(load_some(gate + k, count, 0)), load_some(up + k, count, 0));
        });
    } else {
        map_into(out, n, [&](size_t k, size_t count) { return f(load_some(gate + k, count, 0)); });
    }
}

inline void silu_mul_f32(const float* gate, const float* up, float* out, size_t n) {
    gated_f32(gate, up, out, n, [](Vec x) { return Vec::mul(x, sigmoid_f32(x)); });
}

// 0.5 x (1 + tanh(s)) = x sigmoid(2 s) with s = sqrt(2 / pi) (x + 0.044715 x^3); Hendrycks and
// Gimpel 2016.
inline void gelu_mul_f32(const float* gate, const float* up, float* out, size_t n) {
    gated_f32(gate, up, out, n, [](Vec x) {
        Vec cubic = Vec::mul(Vec::mul(x, x), Vec::mul(x, Vec::all(0.044715f)));
        Vec s = Vec::mul(Vec::add(x, cubic), Vec::all(1.59576912f));
        return Vec::mul(x, sigmoid_f32(s));
    });
}

// x (1 + erf(x / sqrt 2)) / 2 with erf(z) = 1 - p(t) e^(-z^2), t = 1 / (1 + 0.3275911 z) for z >=
// 0; absolute error of erf below 1.5e-7 (Abramowitz and Stegun 7.1.26).
inline void gelu_erf_mul_f32(const float* gate, const float* up, float* out, size_t n) {
    gated_f32(gate, up, out, n, [](Vec x) {
        Vec z = Vec::mul(x.magnitude(), Vec::all(0.707106781f));
        Vec t = Vec::div(Vec::all(1), Vec::fma(z, Vec::all(0.3275911f), Vec::all(1)));
        Vec p = Vec::all(1.061405429f);
        p = Vec::fma(p, t, Vec::all(-1.453152027f));
        p = Vec::fma(p, t, Vec::all(1.421413741f));
        p = Vec::fma(p, t, Vec::all(-0.284496736f));
        p = Vec::fma(p, t, Vec::all(0.254829592f));
        Vec rest = Vec::mul(Vec::mul(p, t), exp_f32(Vec::sub(Vec::zero(), Vec::mul(z, z))));
        // max(x, 0) is x (1 + sign x) / 2; what lacks is |x| (1 - erf|z|) / 2, on either side.
        Vec half = Vec::mul(Vec::all(-0.5f), x.magnitude());
        return Vec::fma(half, rest, Vec::max(x, Vec::zero()));
    });
}

inline void float_to_half(const float* x, uint16_t* out, size_t n) {
    size_t k = 0;
    for (; k + 16 <= n; k += 16) Vec::load(x + k).store_half(out + k);
    if (k == n) return;
    uint16_t lanes[16];
    load_tail(x + k, n - k, 0).store_half(lanes);
    for (size_t i = k; i < n; i++) out[i] = lanes[i - k];
}
