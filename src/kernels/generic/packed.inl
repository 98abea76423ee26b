// The kernels over packed weights (packed.h), over the instruction set's Vec, Lines (64 bytes) and
// Ints (16 lanes of int32). Main idea: one load of 64 bytes is 16 rows by 4 or 8 columns; the
// activations are broadcast four at a time, so no shuffle and no horizontal sum is ever needed, and
// up to Ints::tokens_max tokens share what was unpacked.

// Numbers that are none round to the lowest integer, and a damaged model's sums of such leave 32
// bits. What they become then matters to nobody; that it is defined does.
inline int32_t wrapped_sum(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
inline int32_t wrapped_difference(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
inline int32_t wrapped_product(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}

// What of a PackLayout the loops are compiled for.
struct Form {
    PackKind kind;
    PackScale scale;
    bool has_min;
    bool has_codes;

    constexpr PackLayout layout() const { return {kind, scale, has_min, 0, nullptr}; }
    // Bytes of at most 6 bits: their products with int8 fit what some sets have for pairs.
    constexpr bool is_small() const { return kind != PackKind::Bits8 && !has_codes; }
};

// Calls line(weights, i) for the 8 lines of 4 columns of one block.
template <Form FORM, class Line>
inline void each_line(const uint8_t* q, Lines codes, Line line) {
    using enum PackKind;
    constexpr PackKind KIND = FORM.kind;
    if constexpr (KIND == Bits8) {
        for (int i = 0; i < 8; i++) line(Lines::load(q + 64 * i), i);
    } else if constexpr (KIND == Bits4 || KIND == Bits5) {
        const uint8_t* words = q + 256;
        for (int j = 0; j < 4; j++) {
            Lines both = Lines::load(q + 64 * j);
            Lines low = both.low_nibbles(), high = both.high_nibbles();
            if constexpr (KIND == Bits5) {
                low = low.template with_bit<16>(words + 16 * j);
                high = high.template with_bit<16>(words + 16 * j + 8);
            }
            if constexpr (FORM.has_codes) {
                low = codes.look_up(low);
                high = codes.look_up(high);
            }
            line(low, 2 * j);
            line(high, 2 * j + 1);
        }
    } else if constexpr (KIND == Bits6) {
        for (int h = 0; h < 2; h++) {
            Lines two = Lines::load(q + 256 + 64 * h);
            Lines first = Lines::load(q + 128 * h), second = Lines::load(q + 128 * h + 64);
            line(first.low_nibbles().with_upper(two.template two_bits<0>()), 4 * h);
            line(first.high_nibbles().with_upper(two.template two_bits<1>()), 4 * h + 1);
            line(second.low_nibbles().with_upper(two.template two_bits<2>()), 4 * h + 2);
            line(second.high_nibbles().with_upper(two.template two_bits<3>()), 4 * h + 3);
        }
    } else {
        for (int h = 0; h < 2; h++) {
            Lines two = Lines::load(q + 64 * h);
            const uint8_t* words = q + 128 + 32 * h;
            auto with_third = [&](Lines bits, int k) {
                if constexpr (KIND == Bits3) bits = bits.template with_bit<4>(words + 8 * k);
                line(bits, 4 * h + k);
            };
            with_third(two.template two_bits<0>(), 0);
            with_third(two.template two_bits<1>(), 1);
            with_third(two.template two_bits<2>(), 2);
            with_third(two.template two_bits<3>(), 3);
        }
    }
}

// The scales or mins of a group's rows for one block of a stretch, or half of one: exact.
template <PackScale SCALE>
inline Vec row_scales(const uint8_t* halves, const uint8_t* factors, size_t block, size_t half) {
    const auto* numbers = reinterpret_cast<const uint16_t*>(halves);
    if constexpr (SCALE == PackScale::Half) return Vec::load_half(numbers + pack_rows * block);
    if constexpr (SCALE == PackScale::Bfloat) return Vec::load_bfloat(numbers + pack_rows * block);
    constexpr size_t each = SCALE == PackScale::Super16 ? 2 : 1;
    return Vec::mul(Vec::load_half(numbers),
                    Vec::load_bytes(reinterpret_cast<const int8_t*>(factors) +
                                    pack_rows * (block * each + half)));
}

inline int32_t four_bytes(const int8_t* q) {
    int32_t out;
    __builtin_memcpy(&out, q, sizeof out);
    return out;
}

// Ints::dot() for bytes up to 255: by nibbles where the set's takes only small ones, whose products
// in pairs fit 16 bits.
template <class Sum>
inline Sum dot_bytes(Sum sum, Lines weights, int32_t four) {
    if constexpr (Sum::takes_bytes) {
        return Sum::dot(sum, weights, four);
    } else {
        Sum high = Sum::dot(Sum::all(0), weights.high_nibbles(), four);
        return Sum::dot(Sum::add(sum, high.times_16()), weights.low_nibbles(), four);
    }
}

// One group of rows.
struct Group {
    const uint8_t* stretches;
    size_t blocks;
    int offset;
    const uint8_t* codes;
};

// How far in front of what is read memory is asked for it: about half a microsecond's worth.
constexpr size_t ahead_blocks = 32;

// Calls for what is read ahead_blocks behind a block: its share of a stretch.
template <Form FORM>
inline void fetch_ahead(const uint8_t* block) {
    constexpr PackLayout layout = FORM.layout();
    constexpr size_t share = layout.stretch().bytes / layout.stretch_blocks();
    for (size_t i = 0; i < share; i += 64) __builtin_prefetch(block + ahead_blocks * share + i);
}

// `first`: of the tiles of a group, it brings them into the cache.
template <Form FORM, int TOKENS>
inline void tile_packed(const Group& group, const ActBlock* x, size_t x_stride, float* y,
                        size_t y_stride, size_t rows, bool first) {
    constexpr int HALVES = FORM.scale == PackScale::Super16 ? 2 : 1;
    // With few tokens, several integer sums a half keep the multipliers busy.
    constexpr int BUSY = TOKENS == 1 ? 4 : TOKENS == 2 ? 2 : 1;
    constexpr int SUMS = BUSY >= HALVES ? BUSY / HALVES : 1;
    constexpr size_t together = FORM.layout().stretch_blocks();
    constexpr PackLayout::Stretch at = FORM.layout().stretch();
    const Lines codes = FORM.has_codes ? Lines::repeat(group.codes) : Lines::load(group.stretches);
    Vec sum[TOKENS];
    for (Vec& v : sum) v = Vec::zero();
    auto add_block = [&](const uint8_t* stretch, size_t place, size_t block) {
        const uint8_t* q = stretch + place * FORM.layout().q_bytes();
        if (first) fetch_ahead<FORM>(q);
        Ints dots[TOKENS][HALVES][SUMS];
        for (int t = 0; t < TOKENS; t++) {
            const ActBlock& a = x[t * x_stride + block];
            for (int h = 0; h < HALVES; h++)
                for (int s = 0; s < SUMS; s++) dots[t][h][s] = Ints::all(0);
            if constexpr (HALVES == 1) {
                dots[t][0][0] = Ints::all(wrapped_product(-group.offset, a.q_sum));
            } else {
                dots[t][0][0] = Ints::all(wrapped_product(-group.offset, a.q_sum_low));
                dots[t][1][0] = Ints::all(
                    wrapped_product(-group.offset, wrapped_difference(a.q_sum, a.q_sum_low)));
            }
        }
        each_line<FORM>(q, codes, [&](Lines weights, int i) {
            for (int t = 0; t < TOKENS; t++) {
                int32_t four = four_bytes(x[t * x_stride + block].q + 4 * i);
                Ints& dot = dots[t][HALVES == 2 ? i / 4 : 0][i % SUMS];
                dot =
                    FORM.is_small() ? Ints::dot(dot, weights, four) : dot_bytes(dot, weights, four);
            }
        });
        for (int h = 0; h < HALVES; h++) {
            Vec d = row_scales<FORM.scale>(stretch + at.scales, stretch + at.factors, place, h);
            Vec m = Vec::zero();
            if constexpr (FORM.has_min)
                m = row_scales<FORM.scale>(stretch + at.mins, stretch + at.min_factors, place, h);
            for (int t = 0; t < TOKENS; t++) {
                const ActBlock& a = x[t * x_stride + block];
                Ints dot = dots[t][h][0];
                for (int s = 1; s < SUMS; s++) dot = Ints::add(dot, dots[t][h][s]);
                sum[t] = Vec::fma(Vec::mul(d, Vec::all(a.scale)), dot.to_float(), sum[t]);
                if constexpr (!FORM.has_min) continue;
                float a_sum = a.sum;
                if constexpr (HALVES == 2)
                    a_sum = a.scale *
                            static_cast<float>(h == 0 ? a.q_sum_low
                                                      : wrapped_difference(a.q_sum, a.q_sum_low));
                sum[t] = Vec::fma(m, Vec::all(a_sum), sum[t]);
            }
        }
    };
    const uint8_t* stretch = group.stretches;
    for (size_t block = 0; block < group.blocks; block += together, stretch += at.bytes)
        for (size_t place = 0; place < together && block + place < group.blocks; place++)
            add_block(stretch, place, block + place);
    for (int t = 0; t < TOKENS; t++) {
        if (rows == pack_rows)
            sum[t].store(y + t * y_stride);
        else
            store_tail(y + t * y_stride, sum[t], rows);
    }
}

template <Form FORM, int TOKENS>
inline void tokens_packed(const Group& group, const ActBlock* x, size_t x_stride, size_t tokens,
                          float* y, size_t y_stride, size_t rows, bool first) {
    while (tokens >= TOKENS) {
        tile_packed<FORM, TOKENS>(group, x, x_stride, y, y_stride, rows, first);
        first = false;
        x += TOKENS * x_stride;
        y += TOKENS * y_stride;
        tokens -= TOKENS;
    }
    if constexpr (TOKENS > 1)
        tokens_packed<FORM, TOKENS / 2>(group, x, x_stride, tokens, y, y_stride, rows, first);
}

template <Form FORM>
inline void groups_packed(const PackLayout& layout, const std::byte* groups, size_t rows,
                          size_t blocks, const ActBlock* x, size_t tokens, float* y,
                          size_t y_stride) {
    const size_t group_bytes = FORM.layout().group_bytes(blocks);
    const auto* bytes = reinterpret_cast<const uint8_t*>(groups);
    for (size_t row = 0; row < rows; row += pack_rows, bytes += group_bytes) {
        size_t here = rows - row < pack_rows ? rows - row : pack_rows;
        Group group{bytes, blocks, layout.offset, layout.codes};
        tokens_packed<FORM, Ints::tokens_max>(group, x, blocks, tokens, y + row, y_stride, here,
                                              true);
    }
}

inline void matmul_packed(const PackLayout& layout, const std::byte* groups, size_t rows,
                          size_t blocks, const ActBlock* x, size_t tokens, float* y,
                          size_t y_stride) {
    using enum PackKind;
    using enum PackScale;
    auto run = [&]<Form FORM>() {
        if (layout.kind != FORM.kind || layout.scale != FORM.scale ||
            layout.has_min != FORM.has_min || (layout.codes != nullptr) != FORM.has_codes)
            return false;
        groups_packed<FORM>(layout, groups, rows, blocks, x, tokens, y, y_stride);
        return true;
    };
    // One of them is it: those that packed.cc has.
    bool found = run.template operator()<Form{Bits4, Half, false, false}>() ||
                 run.template operator()<Form{Bits4, Half, true, false}>() ||
                 run.template operator()<Form{Bits5, Half, false, false}>() ||
                 run.template operator()<Form{Bits5, Half, true, false}>() ||
                 run.template operator()<Form{Bits8, Half, false, false}>() ||
                 run.template operator()<Form{Bits4, Half, false, true}>() ||
                 run.template operator()<Form{Bits4, Bfloat, false, true}>() ||
                 run.template operator()<Form{Bits2, Super16, true, false}>() ||
                 run.template operator()<Form{Bits3, Super16, false, false}>() ||
                 run.template operator()<Form{Bits4, Super32, true, false}>() ||
                 run.template operator()<Form{Bits5, Super32, true, false}>() ||
                 run.template operator()<Form{Bits6, Super16, false, false}>() ||
                 run.template operator()<Form{Bits4, Super32, false, true}>() ||
                 run.template operator()<Form{Bits2, Super32, false, false}>();
    if (!found) __builtin_trap();
}

// scale = max |x| / 127 and q = x * (127 / max |x|), to nearest even; all zero where the block is.
inline void quantize_activations(const float* x, size_t blocks, ActBlock* out) {
    for (size_t block = 0; block < blocks; block++, x += 32) {
        Vec low = Vec::load(x), high = Vec::load(x + 16);
        float most = Vec::max(low.magnitude(), high.magnitude()).maximum();
        float inverse = most > 0 ? 127 / most : 0;
        ActBlock& to = out[block];
        to.q_sum_low = Vec::round(Vec::mul(low, Vec::all(inverse))).store_bytes(to.q);
        int32_t sum = wrapped_sum(
            to.q_sum_low, Vec::round(Vec::mul(high, Vec::all(inverse))).store_bytes(to.q + 16));
        to.scale = most / 127;
        to.q_sum = sum;
        to.sum = to.scale * static_cast<float>(sum);
    }
}
