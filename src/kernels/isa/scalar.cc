// Plain C++: the oracle that every other instruction set is tested against, and what runs where
// there is no other.
#include <bit>
#include <cmath>

#include "kernels/half.h"
#include "kernels/kernels.h"

namespace linnet::scalar {
namespace {

struct Vec {
    static constexpr int tile_rows = 1, tile_tokens = 1;
    static constexpr int mix_rows = 1, mix_width = 1;
    float v[16];

    template <class F>
    static Vec each(F f) {
        Vec out;
        for (int i = 0; i < 16; i++) out.v[i] = f(i);
        return out;
    }
    static Vec zero() { return all(0); }
    static Vec all(float x) {
        return each([&](int) { return x; });
    }
    static Vec load(const float* p) {
        return each([&](int i) { return p[i]; });
    }
    static Vec load_half(const uint16_t* p) {
        return each([&](int i) { return half_to_float(p[i]); });
    }
    static Vec load_bfloat(const uint16_t* p) {
        return each([&](int i) { return bfloat_to_float(p[i]); });
    }
    static Vec load_bytes(const int8_t* p) {
        return each([&](int i) { return static_cast<float>(p[i]); });
    }
    void store(float* p) const {
        for (int i = 0; i < 16; i++) p[i] = v[i];
    }
    void store_half(uint16_t* p) const {
        for (int i = 0; i < 16; i++) p[i] = float_to_half(v[i]);
    }
    static Vec add(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] + b.v[i]; });
    }
    static Vec sub(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] - b.v[i]; });
    }
    static Vec mul(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] * b.v[i]; });
    }
    static Vec div(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] / b.v[i]; });
    }
    // As the hardware: the second operand where either is NaN.
    static Vec max(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
    }
    static Vec min(const Vec& a, const Vec& b) {
        return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
    }
    static Vec fma(const Vec& a, const Vec& b, const Vec& c) {
        return each([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
    }
    Vec magnitude() const {
        return each([&](int i) { return std::fabs(v[i]); });
    }
    // 16 whole numbers from -128 to 127 as bytes; returns their sum.
    int32_t store_bytes(int8_t* p) const {
        int32_t sum = 0;
        for (int i = 0; i < 16; i++) {
            p[i] = static_cast<int8_t>(v[i]);
            sum += p[i];
        }
        return sum;
    }
    void store_shorts(int16_t* p) const {
        for (int i = 0; i < 16; i++) p[i] = static_cast<int16_t>(std::nearbyint(v[i]));
    }
    static Vec round(const Vec& a) {
        return each([&](int i) { return std::nearbyint(a.v[i]); });
    }
    static Vec times_power_of_2(const Vec& a, const Vec& m) {
        return each([&](int i) {
            auto exponent = static_cast<uint32_t>(static_cast<int32_t>(m.v[i])) << 23;
            return std::bit_cast<float>(std::bit_cast<uint32_t>(a.v[i]) + exponent);
        });
    }
    static Vec zero_below(const Vec& x, const Vec& least, const Vec& value) {
        return each([&](int i) { return x.v[i] >= least.v[i] ? value.v[i] : 0.0f; });
    }
    template <class F>
    float tree(F join) const {
        float lanes[16];
        store(lanes);
        for (int width = 8; width >= 1; width /= 2)
            for (int i = 0; i < width; i++) lanes[i] = join(lanes[i], lanes[i + width]);
        return lanes[0];
    }
    float sum() const {
        return tree([](float a, float b) { return a + b; });
    }
    float maximum() const {
        return tree([](float a, float b) { return a > b ? a : b; });
    }
};

struct Lines {
    uint8_t v[64];
    template <class F>
    static Lines each(F f) {
        Lines out;
        for (int i = 0; i < 64; i++) out.v[i] = static_cast<uint8_t>(f(i));
        return out;
    }
    static Lines load(const uint8_t* p) {
        return each([&](int i) { return p[i]; });
    }
    // 32 bytes as 16 bits each.
    static Lines load_widened(const int8_t* p) {
        Lines out;
        for (int i = 0; i < 32; i++) {
            int16_t wide = p[i];
            __builtin_memcpy(out.v + 2 * i, &wide, sizeof wide);
        }
        return out;
    }
    Lines low_nibbles() const {
        return each([&](int i) { return v[i] & 15; });
    }
    Lines high_nibbles() const {
        return each([&](int i) { return v[i] >> 4; });
    }
    // Adds VALUE to the bytes whose bit is set among the 64 at `bits`.
    template <int VALUE>
    Lines with_bit(const uint8_t* bits) const {
        return each([&](int i) { return v[i] + (bits[i / 8] >> i % 8 & 1) * VALUE; });
    }
    // Bits 2 I and 2 I + 1 of each byte.
    template <int I>
    Lines two_bits() const {
        return each([&](int i) { return v[i] >> 2 * I & 3; });
    }
    // Nibbles with two bits above each.
    Lines with_upper(const Lines& two) const {
        return each([&](int i) { return v[i] | two.v[i] << 4; });
    }
    // 16 bytes, four times; and what stands in them at each nibble.
    static Lines repeat(const uint8_t* p) {
        return each([&](int i) { return p[i % 16]; });
    }
    Lines look_up(const Lines& at) const {
        return each([&](int i) { return v[at.v[i]]; });
    }
};

struct Ints {
    static constexpr int tokens_max = 1;
    static constexpr bool takes_bytes = true;
    int32_t v[16];
    static Ints all(int32_t x) {
        Ints out;
        for (int32_t& lane : out.v) lane = x;
        return out;
    }
    static Ints load(const int32_t* p) {
        Ints out;
        for (int i = 0; i < 16; i++) out.v[i] = p[i];
        return out;
    }
    void store(int32_t* p) const {
        for (int i = 0; i < 16; i++) p[i] = v[i];
    }
    static Ints add(const Ints& a, const Ints& b) {
        Ints out;
        for (int i = 0; i < 16; i++) out.v[i] = a.v[i] + b.v[i];
        return out;
    }
    Vec to_float() const {
        return Vec::each([&](int i) { return static_cast<float>(v[i]); });
    }
    // Each lane adds four products of its bytes with the four of `a`.
    static Ints dot(const Ints& sum, const Lines& w, int32_t a) {
        int8_t four[4];
        __builtin_memcpy(four, &a, sizeof four);
        Ints out = sum;
        for (int i = 0; i < 64; i++) out.v[i / 4] += w.v[i] * four[i % 4];
        return out;
    }
    // Each lane adds two products of its 16-bit numbers with those of `pair`.
    static Ints dot_pairs(const Ints& sum, const Ints& pair, const Lines& w) {
        int16_t mine[32], theirs[32];
        __builtin_memcpy(mine, pair.v, sizeof mine);
        __builtin_memcpy(theirs, w.v, sizeof theirs);
        Ints out = sum;
        for (int i = 0; i < 32; i++) out.v[i / 2] += mine[i] * theirs[i];
        return out;
    }
};

#include "kernels/generic/f32.inl"
#include "kernels/generic/packed.inl"
#include "kernels/generic/peak.inl"
#include "kernels/generic/row_sums.inl"
#include "kernels/generic/table.inl"

}  // namespace

extern const Kernels table;
const Kernels table = make_table("scalar");

}  // namespace linnet::scalar
