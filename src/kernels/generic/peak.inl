// The most products of bytes that a set can do: the inner step of the packed kernels (packed.inl)
// over operands that never leave registers and the first cache. What a product of matrices reaches
// is a share of this.
inline constexpr int peak_lines = 2;

inline float byte_products(const uint8_t* lines, const int8_t* x, size_t rounds) {
    constexpr int TOKENS = Ints::tokens_max;
    Lines weights[peak_lines];
    Ints sums[TOKENS][peak_lines];
    for (int l = 0; l < peak_lines; l++) {
        weights[l] = Lines::load(lines + 64 * l);
        for (int t = 0; t < TOKENS; t++) sums[t][l] = Ints::all(0);
    }
    for (size_t round = 0; round < rounds; round++) {
        asm volatile("" : "+r"(x));  // as if x were another, so no products are kept
        for (int i = 0; i < 8; i++)
            for (int t = 0; t < TOKENS; t++) {
                int32_t four = four_bytes(x + 32 * t + 4 * i);
                for (int l = 0; l < peak_lines; l++)
                    sums[t][l] = Ints::dot(sums[t][l], weights[l], four);
            }
    }
    float total = 0;
    for (auto& token : sums)
        for (const Ints& sum : token) total += sum.to_float().sum();
    return total;
}

inline constexpr size_t peak_products = size_t{Ints::tokens_max} * peak_lines * 8 * 64;
