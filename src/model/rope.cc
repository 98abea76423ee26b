#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace linnet {

std::vector<float> Rope::frequencies(size_t dims, float base) {
    std::vector<float> out(dims / 2);
    for (size_t i = 0; i < out.size(); i++)
        out[i] = static_cast<float>(
            1 / std::pow(static_cast<double>(base),
                         static_cast<double>(2 * i) / static_cast<double>(dims)));
    return out;
}

void Rope::angles(uint32_t position, uint32_t context, float* out) const {
    bool longer = !long_frequencies.empty() && context > original_context;
    for (float frequency : longer ? long_frequencies : inverse_frequencies) {
        // The product is rounded to float32 first, as the models were trained.
        double angle = static_cast<float>(position) * frequency;
        *out++ = static_cast<float>(std::cos(angle)) * magnitude;
        *out++ = static_cast<float>(std::sin(angle)) * magnitude;
    }
}

void Rope::turn(float* head, const float* angles) const {
    size_t half = inverse_frequencies.size();
    size_t step = pairs == RopePairs::Neighbours ? 2 : 1;
    size_t apart = pairs == RopePairs::Neighbours ? 1 : half;
    for (size_t i = 0; i < half; i++) {
        float cosine = angles[2 * i], sine = angles[2 * i + 1];
        float& a = head[i * step];
        float& b = head[i * step + apart];
        float turned = a * cosine - b * sine;
        b = a * sine + b * cosine;
        a = turned;
    }
}

void scale_llama3(std::vector<float>& inverse_frequencies, const Llama3Scaling& scaling) {
    float longest_kept = scaling.original_context / scaling.high_frequency_factor;
    float shortest_slowed = scaling.original_context / scaling.low_frequency_factor;
    for (float& frequency : inverse_frequencies) {
        float wave = 2 * std::numbers::pi_v<float> / frequency;
        if (wave < longest_kept) continue;
        if (wave > shortest_slowed) {
            frequency /= scaling.factor;
            continue;
        }
        float ramp = (scaling.original_context / wave - scaling.low_frequency_factor) /
                     (scaling.high_frequency_factor - scaling.low_frequency_factor);
        frequency = (1 - ramp) * frequency / scaling.factor + ramp * frequency;
    }
}

// Which pair turns that many times within the original context; a fraction.
static double pair_that_turns(double times, double pairs, const YarnScaling& scaling) {
    return pairs * std::log(scaling.original_context / (times * 2 * std::numbers::pi)) /
           std::log(scaling.base);
}

void scale_yarn(std::vector<float>& inverse_frequencies, const YarnScaling& scaling) {
    auto pairs = static_cast<double>(inverse_frequencies.size());
    double first = pair_that_turns(scaling.fast, pairs, scaling);
    double last = pair_that_turns(scaling.slow, pairs, scaling);
    if (scaling.whole_pairs) first = std::floor(first), last = std::ceil(last);
    first = std::max(first, 0.0);
    last = std::min(last, 2 * pairs - 1);
    if (first == last) last += 0.001;
    for (size_t i = 0; i < inverse_frequencies.size(); i++) {
        double ramp = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
        double kept = inverse_frequencies[i], slowed = kept / scaling.factor;
        inverse_frequencies[i] = static_cast<float>(slowed * ramp + kept * (1 - ramp));
    }
}

float yarn_magnitude(float factor, float weight) {
    return factor > 1 ? 0.1f * weight * std::log(factor) + 1 : 1;
}

}  // namespace linnet
