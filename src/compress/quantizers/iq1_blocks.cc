// IQ1_S IQ1_M: points of -1, 0 and 1, moved up or down by an eighth: 32 values together, or 8.
#include <algorithm>
#include <cmath>

#include "compress/quantizers/iq_search.h"
#include "compress/quantizers/near_points.h"
#include "compress/quantizers/quantizers.h"
#include "tensor/dtypes/iq_layouts.h"

namespace linnet::quantize {
namespace {

constexpr float shift = 0.125f;
constexpr int8_t levels[] = {0, 1, 2};

const NearPoints<8>& near() {
    static const NearPoints<8> points(codec::iq1_book, levels, 1);
    return points;
}

// `count` values with one scale, of which `moved` together go the same way.
template <int count, int moved>
struct ShiftedGroup {
    static constexpr int values = count;
    static constexpr float share_least = 0.8f, share_step = 0.12f;
    uint16_t points[count / 8];
    bool down[count / moved];

    float take(const float* x, const float* weight) {
        x_ = x, weight_ = weight;
        float most = 0;
        for (int i = 0; i < count; i++) most = std::max(most, std::fabs(x[i]));
        return most;
    }

    LevelSums at(float scale) {
        LevelSums all;
        for (int part = 0; part < count / moved; part++) {
            const float up = place(part, scale, false).error(scale);
            LevelSums sums = place(part, scale, true);
            if (up < sums.error(scale)) sums = place(part, scale, false);
            all.product += sums.product, all.square += sums.square;
        }
        return all;
    }

  private:
    LevelSums place(int part, float scale, bool goes_down) {
        const float by = goes_down ? -shift : shift;
        LevelSums sums;
        down[part] = goes_down;
        for (int first = part * moved; first < (part + 1) * moved; first += 8) {
            float rest[8];
            for (int i = 0; i < 8; i++) rest[i] = x_[first + i] - scale * by;
            points[first / 8] = near().nearest(rest, weight_ + first, scale);
            const auto& point = near().point(points[first / 8]);
            for (int i = 0; i < 8; i++) sums.add(weight_[first + i], x_[first + i], point[i] + by);
        }
        return sums;
    }

    const float* x_ = nullptr;
    const float* weight_ = nullptr;
};

struct Iq1Scale {
    static constexpr int codes = 8;
    static constexpr float top_level = 1;
    static float unit(int code) { return static_cast<float>(2 * code + 1); }
};
void store_u16(int value, uint8_t* to) {
    to[0] = static_cast<uint8_t>(value), to[1] = static_cast<uint8_t>(value >> 8);
}

struct Iq1S : Iq1Scale {
    using Group = ShiftedGroup<32, 32>;
    using Block = codec::IQ1_S;
    static void store(const BlockSearch<Iq1S>& search, float scale, Block& block) {
        block.scale.set(scale);
        for (int g = 0; g < 8; g++) {
            const Group& group = search.group[g];
            int high = search.code[g] << 12 | int{group.down[0]} << 15;
            for (int i = 0; i < 4; i++) {
                block.low[4 * g + i] = static_cast<uint8_t>(group.points[i]);
                high |= group.points[i] >> 8 << 3 * i;
            }
            store_u16(high, block.high[g]);
        }
    }
};

struct Iq1M : Iq1Scale {
    using Group = ShiftedGroup<16, 8>;
    using Block = codec::IQ1_M;
    static void store(const BlockSearch<Iq1M>& search, float scale, Block& block) {
        const int bits = float_to_half(scale);
        int scales[4];
        for (int i = 0; i < 4; i++) scales[i] = (bits >> 4 * i & 15) << 12;
        for (int g = 0; g < 16; g++) {
            const Group& group = search.group[g];
            scales[g / 4] |= search.code[g] << g % 4 * 3;
            for (int i = 0; i < 2; i++) {
                block.low[2 * g + i] = static_cast<uint8_t>(group.points[i]);
                const int high = group.points[i] >> 8 | int{group.down[i]} << 3;
                block.high[g] = static_cast<uint8_t>(block.high[g] | high << 4 * i);
            }
        }
        for (int i = 0; i < 4; i++) store_u16(scales[i], block.scales[i]);
    }
};

}  // namespace

void iq1_s(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<Iq1S>(row, importance, columns, to);
}
void iq1_m(const float* row, const float* importance, size_t columns, std::byte* to) {
    quantize_by_points<Iq1M>(row, importance, columns, to);
}

}  // namespace linnet::quantize
