// The kernels over packed weights (packed.h), over the instruction set's Vec, Lines (64 bytes) and
// Ints (16 lanes of int32). Main idea: one load of 64 bytes is 16 rows by 4 or 8 columns; the
// activations are broadcast four at a time, so no shuffle and no horizontal sum is ever needed, and
// up to Ints::tokens_max tokens share what was unpacked.

// Calls line(weights, i) for the 8 groups of 4 columns of one block.
template <PackKind KIND, class Line>
inline void each_line(const uint8_t* q, Line line) {
    if constexpr (KIND == PackKind::Bits8) {
        for (int i = 0; i < 8; i++) line(Lines::load(q + 64 * i), i);
    } else {
        const uint8_t* words = q + 256;
        for (int j = 0; j < 4; j++) {
            Lines both = Lines::load(q + 64 * j);
            Lines low = both.low_nibbles(), high = both.high_nibbles();
            if constexpr (KIND == PackKind::Bits5) {
                low = low.with_sixteen(words + 16 * j);
                high = high.with_sixteen(words + 16 * j + 8);
            }
            line(low, 2 * j);
            line(high, 2 * j + 1);
        }
    }
}

inline int32_t four_bytes(const int8_t* q) {
    int32_t out;
    __builtin_memcpy(&out, q, sizeof out);
    return out;
}

template <PackKind KIND, bool HAS_MIN, int TOKENS>
inline void tile_packed(const uint8_t* group, size_t blocks, int offset, const ActBlock* x,
                        size_t x_stride, float* y, size_t y_stride, size_t rows) {
    constexpr PackLayout layout{KIND, 0, HAS_MIN};
    // With few tokens, several integer sums a token keep the multipliers busy.
    constexpr int SUMS = TOKENS == 1 ? 4 : TOKENS == 2 ? 2 : 1;
    const uint8_t* d_section = group + blocks * layout.q_bytes();
    const uint8_t* m_section = d_section + blocks * 2 * pack_rows;
    Vec sum[TOKENS];
    for (Vec& v : sum) v = Vec::zero();
    for (size_t block = 0; block < blocks; block++) {
        Ints dots[TOKENS][SUMS];
        for (int t = 0; t < TOKENS; t++) {
            dots[t][0] = Ints::all(-offset * x[t * x_stride + block].q_sum);
            for (int s = 1; s < SUMS; s++) dots[t][s] = Ints::all(0);
        }
        each_line<KIND>(group + block * layout.q_bytes(), [&](Lines weights, int i) {
            for (int t = 0; t < TOKENS; t++) {
                int32_t four = four_bytes(x[t * x_stride + block].q + 4 * i);
                Ints& dot = dots[t][i % SUMS];
                if constexpr (KIND == PackKind::Bits8)
                    dot = Ints::dot_bytes(dot, weights, four);
                else
                    dot = Ints::dot_small(dot, weights, four);
            }
        });
        Vec d = Vec::load_half(reinterpret_cast<const uint16_t*>(d_section) + pack_rows * block);
        Vec m = Vec::zero();
        if constexpr (HAS_MIN)
            m = Vec::load_half(reinterpret_cast<const uint16_t*>(m_section) + pack_rows * block);
        for (int t = 0; t < TOKENS; t++) {
            const ActBlock& a = x[t * x_stride + block];
            Ints dot = dots[t][0];
            for (int s = 1; s < SUMS; s++) dot = Ints::add(dot, dots[t][s]);
            sum[t] = Vec::fma(Vec::mul(d, Vec::all(a.scale)), dot.to_float(), sum[t]);
            if constexpr (HAS_MIN) sum[t] = Vec::fma(m, Vec::all(a.sum), sum[t]);
        }
    }
    for (int t = 0; t < TOKENS; t++) {
        if (rows == pack_rows)
            sum[t].store(y + t * y_stride);
        else
            store_tail(y + t * y_stride, sum[t], rows);
    }
}

template <PackKind KIND, bool HAS_MIN, int TOKENS>
inline void tokens_packed(const uint8_t* group, size_t blocks, int offset, const ActBlock* x,
                          size_t x_stride, size_t tokens, float* y, size_t y_stride, size_t rows) {
    while (tokens >= TOKENS) {
        tile_packed<KIND, HAS_MIN, TOKENS>(group, blocks, offset, x, x_stride, y, y_stride, rows);
        x += TOKENS * x_stride;
        y += TOKENS * y_stride;
        tokens -= TOKENS;
    }
    if constexpr (TOKENS > 1)
        tokens_packed<KIND, HAS_MIN, TOKENS / 2>(group, blocks, offset, x, x_stride, tokens, y,
                                                 y_stride, rows);
}

template <PackKind KIND, bool HAS_MIN>
inline void groups_packed(const PackLayout& layout, const std::byte* groups, size_t rows,
                          size_t blocks, const ActBlock* x, size_t tokens, float* y,
                          size_t y_stride) {
    const auto* group = reinterpret_cast<const uint8_t*>(groups);
    for (size_t row = 0; row < rows; row += pack_rows) {
        size_t here = rows - row < pack_rows ? rows - row : pack_rows;
        tokens_packed<KIND, HAS_MIN, Ints::tokens_max>(group, blocks, layout.offset, x, blocks,
                                                       tokens, y + row, y_stride, here);
        group += layout.group_bytes(blocks);
    }
}

template <bool HAS_MIN>
inline void kinds_packed(const PackLayout& layout, const std::byte* groups, size_t rows,
                         size_t blocks, const ActBlock* x, size_t tokens, float* y,
                         size_t y_stride) {
    switch (layout.kind) {
        case PackKind::Bits4:
            return groups_packed<PackKind::Bits4, HAS_MIN>(layout, groups, rows, blocks, x, tokens,
                                                           y, y_stride);
        case PackKind::Bits5:
            return groups_packed<PackKind::Bits5, HAS_MIN>(layout, groups, rows, blocks, x, tokens,
                                                           y, y_stride);
        case PackKind::Bits8:
            return groups_packed<PackKind::Bits8, HAS_MIN>(layout, groups, rows, blocks, x, tokens,
                                                           y, y_stride);
    }
}

inline void matmul_packed(const PackLayout& layout, const std::byte* groups, size_t rows,
                          size_t blocks, const ActBlock* x, size_t tokens, float* y,
                          size_t y_stride) {
    if (layout.has_min)
        kinds_packed<true>(layout, groups, rows, blocks, x, tokens, y, y_stride);
    else
        kinds_packed<false>(layout, groups, rows, blocks, x, tokens, y, y_stride);
}

// scale = max |x| / 127 and q = x * (127 / max |x|), to nearest even; all zero where the block is.
inline void quantize_activations(const float* x, size_t blocks, ActBlock* out) {
    for (size_t block = 0; block < blocks; block++, x += 32) {
        Vec low = Vec::load(x), high = Vec::load(x + 16);
        float most = Vec::max(low.magnitude(), high.magnitude()).maximum();
        float inverse = most > 0 ? 127 / most : 0;
        ActBlock& to = out[block];
        int32_t sum = Vec::round(Vec::mul(low, Vec::all(inverse))).store_bytes(to.q) +
                      Vec::round(Vec::mul(high, Vec::all(inverse))).store_bytes(to.q + 16);
        to.scale = most / 127;
        to.q_sum = sum;
        to.sum = to.scale * static_cast<float>(sum);
        to.unused = 0;
    }
}
