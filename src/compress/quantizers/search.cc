#include "compress/quantizers/search.h"

#include <algorithm>

namespace linnet::quantize {
namespace {

float sized_largest(const float* x, int n) {
    float best = 0, value = 0;
    for (int i = 0; i < n; i++)
        if (std::fabs(x[i]) > best) best = std::fabs(x[i]), value = x[i];
    return best < smallest ? 0 : value;
}

// How far sums go that least squares takes: of weight * x * level and weight * level * level.
struct Sums {
    float product = 0, square = 0;

    void add(float weight, float x, int level) {
        auto l = static_cast<float>(level);
        product += weight * x * l;
        square += weight * l * l;
    }
    Sums without(float weight, float x, int level) const {
        auto l = static_cast<float>(level);
        return {product - weight * x * l, square - weight * l * l};
    }
    float scale() const { return square > 0 ? product / square : 0; }
    bool better_than(const Sums& other) const {
        return product * product * other.square > other.product * other.product * square;
    }
};

}  // namespace

float fit_positive(const float* x, const float* weight, int n, int top, uint8_t* levels) {
    const float most = std::max(0.0f, *std::max_element(x, x + n));
    if (most < smallest) {
        std::fill_n(levels, n, uint8_t{0});
        return 0;
    }
    const auto bound = static_cast<float>(top);
    auto error_at = [&](float inverse) {
        const float scale = 1 / inverse;
        float error = 0;
        for (int i = 0; i < n; i++) {
            float rest = x[i] - scale * static_cast<float>(std::min(top, nearest(inverse * x[i])));
            error += weight[i] * rest * rest;
        }
        return error;
    };
    float inverse = bound / most, best = error_at(inverse);
    for (int step = -4; step <= 4; step++) {
        if (step == 0) continue;
        float other = (0.1f * static_cast<float>(step) + bound) / most;
        float error = error_at(other);
        if (error < best) best = error, inverse = other;
    }
    Sums sums;
    for (int i = 0; i < n; i++) {
        int level = std::min(top, nearest(inverse * x[i]));
        levels[i] = static_cast<uint8_t>(level);
        sums.add(weight[i], x[i], level);
    }
    for (int round = 0; round < 5; round++) {
        bool moved = false;
        for (int i = 0; i < n; i++) {
            Sums others = sums.without(weight[i], x[i], levels[i]);
            if (!(others.product > 0 && others.square > 0)) continue;
            int level = std::min(top, nearest(x[i] * others.square / others.product));
            if (level == levels[i]) continue;
            others.add(weight[i], x[i], level);
            if (!others.better_than(sums)) continue;
            levels[i] = static_cast<uint8_t>(level);
            sums = others;
            moved = true;
        }
        if (!moved) break;
    }
    return sums.scale();
}

float fit_by_moves(const float* x, int n, int half, uint8_t* levels) {
    const float top = sized_largest(x, n);
    if (top == 0) {
        std::fill_n(levels, n, uint8_t{0});
        return 0;
    }
    auto bounded = [&](float level) { return std::clamp(nearest(level), -half, half - 1); };
    const float inverse = -static_cast<float>(half) / top;
    Sums sums;
    for (int i = 0; i < n; i++) {
        int level = bounded(inverse * x[i]);
        levels[i] = static_cast<uint8_t>(half + level);
        sums.add(x[i] * x[i], x[i], level);
    }
    for (int round = 0; round < 5; round++) {
        bool moved = false;
        for (int i = 0; i < n; i++) {
            const float weight = x[i] * x[i];
            const int old = levels[i] - half;
            Sums others = sums.without(weight, x[i], old);
            if (!(others.product > 0)) continue;
            int level = bounded(x[i] * others.square / others.product);
            if (level == old) continue;
            others.add(weight, x[i], level);
            if (!(others.square > 0 && others.better_than(sums))) continue;
            levels[i] = static_cast<uint8_t>(half + level);
            sums = others;
            moved = true;
        }
        if (!moved) break;
    }
    return sums.scale();
}

}  // namespace linnet::quantize
