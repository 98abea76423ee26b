// The nearest point of a codebook. Each value is rounded to a level by itself; where these levels
// are a point, no other is nearer. Else it is looked for among the points that lie nearest to them,
// which are found once for each way to round.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "tensor/dtypes/iq_grids.h"

namespace linnet::quantize {

template <size_t width>
class NearPoints {
  public:
    // `levels`: ascending; those that the points are made of. `zero`: what the book has for level
    // 0.
    template <size_t points, size_t base>
    NearPoints(const codec::Codebook<points, width>& book, const int8_t (&levels)[base],
               int zero = 0)
        : base_(base) {
        auto level_of = [&](int8_t number) { return static_cast<float>(number - zero); };
        for (size_t i = 0; i < base; i++) levels_[i] = level_of(levels[i]);
        for (size_t i = 0; i + 1 < base; i++) middles_[i] = (levels_[i] + levels_[i + 1]) / 2;
        for (const auto& point : book) {
            points_.emplace_back();
            std::ranges::transform(point, points_.back().begin(), level_of);
        }
        find_cells();
    }

    const std::array<float, width>& point(size_t index) const { return points_[index]; }

    // The point with the least sum of weight (x - scale level)^2 of those near. REQUIRES: scale >
    // 0.
    uint16_t nearest(const float* x, const float* weight, float scale) const {
        const float inverse = 1 / scale;
        size_t cell = 0;
        for (size_t i = width; i-- > 0;) {
            const float at = inverse * x[i];
            size_t level = 0;
            for (size_t m = 0; m + 1 < base_; m++) level += at > middles_[m];
            cell = cell * base_ + level;
        }
        const auto& near = cells_[cell];
        if (near[1] == near[0]) return near[0];
        uint16_t best = near[0];
        float least = std::numeric_limits<float>::infinity();
        for (const uint16_t index : near) {
            const float error = distance(points_[index], x, weight, scale);
            if (error < least) least = error, best = index;
        }
        return best;
    }

  private:
    static constexpr size_t candidates = 16, base_max = 8;

    static float distance(const std::array<float, width>& point, const float* x,
                          const float* weight, float scale) {
        float sum = 0;
        for (size_t i = 0; i < width; i++) {
            const float rest = x[i] - scale * point[i];
            sum += weight[i] * rest * rest;
        }
        return sum;
    }

    void find_cells() {
        size_t count = 1;
        for (size_t i = 0; i < width; i++) count *= base_;
        cells_.resize(count);
        std::vector<std::pair<float, uint16_t>> all(points_.size());
        constexpr float ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
        for (size_t cell = 0; cell < count; cell++) {
            float x[width];
            for (size_t i = 0, rest = cell; i < width; i++, rest /= base_)
                x[i] = levels_[rest % base_];
            for (size_t p = 0; p < points_.size(); p++)
                all[p] = {distance(points_[p], x, ones, 1), static_cast<uint16_t>(p)};
            std::ranges::partial_sort(all, all.begin() + candidates);
            const bool is_point = all[0].first == 0;
            for (size_t i = 0; i < candidates; i++) cells_[cell][i] = all[is_point ? 0 : i].second;
        }
    }

    size_t base_;
    float levels_[base_max], middles_[base_max];
    std::vector<std::array<float, width>> points_;
    std::vector<std::array<uint16_t, candidates>> cells_;
};

}  // namespace linnet::quantize
