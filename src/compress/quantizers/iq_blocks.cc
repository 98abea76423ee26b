// IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S: points of magnitudes with signs. The searches are linnet's
// own; what they leave is held against llama-quantize's in docs/quantize.md.
#include <algorithm>
#include <bit>
#include <cmath>

#include "compress/quantizers/iq_search.h"
#include "compress/quantizers/near_points.h"
#include "compress/quantizers/quantizers.h"
#include "tensor/dtypes/iq_layouts.h"

namespace linnet::quantize {
namespace {

enum class Signs { Free, Even };  // Even: the eighth makes the number of minus signs even

// `count` values with one scale, as points of `width` magnitudes from the book that near() has.
template <size_t width, int count, Signs signs_are, const NearPoints<width>& (*near)()>
struct SignedGroup {
    static constexpr int values = count;
    static constexpr float share_least = 0.55f, share_step = 0.05f;
    uint16_t points[count / width];
    uint8_t signs[count / 8];

    // Returns the largest magnitude.
    float take(const float* x, const float* weight) {
        weight_ = weight;
        float most = 0;
        for (int eight = 0; eight < count / 8; eight++) {
            uint32_t minus = 0;
            for (int i = 8 * eight; i < 8 * eight + 8; i++) {
                size_[i] = std::fabs(x[i]);
                most = std::max(most, size_[i]);
                minus |= uint32_t{x[i] < 0} << (i & 7);
            }
            if (signs_are == Signs::Even && std::popcount(minus) % 2 != 0)
                minus ^= turn_cheapest(8 * eight);
            signs[eight] = static_cast<uint8_t>(minus);
        }
        return most;
    }

    LevelSums at(float scale) {
        LevelSums sums;
        for (size_t p = 0; p < count / width; p++) {
            const float *x = size_ + p * width, *weight = weight_ + p * width;
            points[p] = near().nearest(x, weight, scale);
            const auto& levels = near().point(points[p]);
            for (size_t i = 0; i < width; i++) sums.add(weight[i], x[i], levels[i]);
        }
        return sums;
    }

  private:
    // The value whose wrong sign costs least: it is then as far below zero as it was above.
    uint32_t turn_cheapest(int first) {
        int cheapest = first;
        auto cost = [&](int i) { return weight_[i] * size_[i] * size_[i]; };
        for (int i = first + 1; i < first + 8; i++)
            if (cost(i) < cost(cheapest)) cheapest = i;
        size_[cheapest] = -size_[cheapest];
        return 1u << (cheapest - first);
    }

    float size_[count];
    const float* weight_ = nullptr;
};

#define LINNET_BOOK(WIDTH, NAME, LEVELS)                                          \
    const NearPoints<WIDTH>& near_##NAME() {                                      \
        static const NearPoints<WIDTH> points(codec::NAME##_book, codec::LEVELS); \
        return points;                                                            \
    }
LINNET_BOOK(8, iq2_xxs, iq2_levels)
LINNET_BOOK(8, iq2_xs, iq2_levels)
LINNET_BOOK(8, iq2_s, iq2_levels)
LINNET_BOOK(4, iq3_xxs, iq3_xxs_levels)
LINNET_BOOK(4, iq3_s, iq3_s_levels)
#undef LINNET_BOOK

void store_u32(uint32_t value, uint8_t* to) {
    for (int i = 0; i < 4; i++) to[i] = static_cast<uint8_t>(value >> 8 * i);
}

// 7 bits of each of four signs, and a code of 4 bits.
uint32_t signs_and_code(const uint8_t* signs, uint8_t code) {
    uint32_t packed = static_cast<uint32_t>(code) << 28;
    for (int i = 0; i < 4; i++) packed |= (signs[i] & 127u) << 7 * i;
    return packed;
}

void store_nibble(uint8_t* codes, int place, uint8_t code) {
    codes[place / 2] = static_cast<uint8_t>(codes[place / 2] | code << place % 2 * 4);
}

struct Iq2Scale {
    static constexpr int codes = 16;
    static constexpr float top_level = 43;
    static float unit(int code) { return (0.5f + static_cast<float>(code)) * 0.25f; }
};

struct Iq2Xxs : Iq2Scale {
    using Group = SignedGroup<8, 32, Signs::Even, near_iq2_xxs>;
    using Block = codec::IQ2_XXS;
    static void store(const Group& group, uint8_t code, int g, Block& out) {
        for (int i = 0; i < 4; i++) out.groups[g][i] = static_cast<uint8_t>(group.points[i]);
        store_u32(signs_and_code(group.signs, code), out.groups[g] + 4);
    }
};

struct Iq2Xs : Iq2Scale {
    using Group = SignedGroup<8, 16, Signs::Even, near_iq2_xs>;
    using Block = codec::IQ2_XS;
    static void store(const Group& group, uint8_t code, int g, Block& out) {
        for (int i = 0; i < 2; i++) {
            const int point = group.points[i] | (group.signs[i] & 127) << 9;
            out.points[2 * g + i][0] = static_cast<uint8_t>(point);
            out.points[2 * g + i][1] = static_cast<uint8_t>(point >> 8);
        }
        store_nibble(out.scales, g, code);
    }
};

struct Iq2S : Iq2Scale {
    using Group = SignedGroup<8, 16, Signs::Free, near_iq2_s>;
    using Block = codec::IQ2_S;
    static void store(const Group& group, uint8_t code, int g, Block& out) {
        for (int i = 0; i < 2; i++) {
            const int place = 2 * g + i;
            out.low[place] = static_cast<uint8_t>(group.points[i]);
            out.signs[place] = group.signs[i];
            uint8_t& high = out.high[place / 4];
            high = static_cast<uint8_t>(high | group.points[i] >> 8 << place % 4 * 2);
        }
        store_nibble(out.scales, g, code);
    }
};

struct Iq3Xxs {
    using Group = SignedGroup<4, 32, Signs::Even, near_iq3_xxs>;
    using Block = codec::IQ3_XXS;
    static constexpr int codes = 16;
    static constexpr float top_level = 62;
    static float unit(int code) { return (0.5f + static_cast<float>(code)) * 0.5f; }
    static void store(const Group& group, uint8_t code, int g, Block& out) {
        for (int i = 0; i < 8; i++) out.points[8 * g + i] = static_cast<uint8_t>(group.points[i]);
        store_u32(signs_and_code(group.signs, code), out.signs[g]);
    }
};

struct Iq3S {
    using Group = SignedGroup<4, 32, Signs::Free, near_iq3_s>;
    using Block = codec::IQ3_S;
    static constexpr int codes = 16;
    static constexpr float top_level = 15;
    static float unit(int code) { return static_cast<float>(2 * code + 1); }
    static void store(const Group& group, uint8_t code, int g, Block& out) {
        for (int i = 0; i < 8; i++) {
            out.low[8 * g + i] = static_cast<uint8_t>(group.points[i]);
            out.high[g] = static_cast<uint8_t>(out.high[g] | group.points[i] >> 8 << i);
        }
        std::copy_n(group.signs, 4, out.signs + 4 * g);
        store_nibble(out.scales, g, code);
    }
};

// Adds to a format, which stores group by group, the storing of a block.
template <class Format>
struct ByGroups : Format {
    static void store(const BlockSearch<ByGroups>& search, float scale,
                      typename Format::Block& block) {
        block.scale.set(scale);
        for (int g = 0; g < search.groups; g++)
            Format::store(search.group[g], search.code[g], g, block);
    }
};

}  // namespace

void iq2_xxs(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<ByGroups<Iq2Xxs>>(row, importance, columns, to);
}
void iq2_xs(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<ByGroups<Iq2Xs>>(row, importance, columns, to);
}
void iq2_s(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<ByGroups<Iq2S>>(row, importance, columns, to);
}
void iq3_xxs(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<ByGroups<Iq3Xxs>>(row, importance, columns, to);
}
void iq3_s(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<ByGroups<Iq3S>>(row, importance, columns, to);
}

}  // namespace linnet::quantize
