#include "eval/divergence_tally.h"

#include <algorithm>
#include <cmath>

namespace linnet {

static size_t likeliest(std::span<const float> logits) {
    return static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
}

// Of logits m and reference r, with p = softmax(r):
// sum p (log p - log softmax(m)) = sum p (r - m) + log sum e^m - log sum e^r.
// Both are changed. Summed in stretches, as float32 would lose digits over a large vocabulary.
TokenDivergence compare_logits(const Kernels& kernels, std::span<float> m, std::span<float> r,
                               size_t next) {
    const size_t top = likeliest(r), top_m = likeliest(m);
    const float most_r = r[top], most_m = m[top_m];
    const double next_r = r[next], next_m = m[next];
    constexpr size_t stretch = 2048;
    float difference[stretch];
    double sum_r = 0, sum_m = 0, weighted = 0;
    for (size_t begin = 0; begin < r.size(); begin += stretch) {
        const size_t count = std::min(stretch, r.size() - begin);
        float *part_r = r.data() + begin, *part_m = m.data() + begin;
        for (size_t i = 0; i < count; i++)
            difference[i] = (part_r[i] - most_r) - (part_m[i] - most_m);
        sum_r += kernels.exp_sum_f32(part_r, most_r, count);
        sum_m += kernels.exp_sum_f32(part_m, most_m, count);
        weighted += kernels.dot_f32(part_r, difference, count);
    }
    const double log_r = std::log(sum_r), log_m = std::log(sum_m);
    return {.divergence = std::max(0.0, weighted / sum_r + log_m - log_r),
            .surprise = most_m + log_m - next_m,
            .reference_surprise = most_r + log_r - next_r,
            .same_top = top == top_m};
}

Divergence DivergenceTally::result(size_t chunks) {
    const auto count = static_cast<double>(divergences_.size());
    const double rest = std::max(1.0, count - 1);
    std::ranges::sort(divergences_);
    Divergence out{.mean = sum_ / count, .tokens = divergences_.size(), .chunks = chunks};
    out.standard_error = std::sqrt(std::max(0.0, squares_ / count - out.mean * out.mean) / rest);
    out.median = percentile(0.5), out.p90 = percentile(0.9), out.p95 = percentile(0.95);
    out.p99 = percentile(0.99), out.p999 = percentile(0.999), out.most = divergences_.back();
    out.same_top = static_cast<double>(same_) / count;
    out.same_top_error = std::sqrt(out.same_top * (1 - out.same_top) / rest);
    out.perplexity = std::exp(surprise_ / count);
    out.reference_perplexity = std::exp(reference_surprise_ / count);
    return out;
}

// Between the two that are nearest.
double DivergenceTally::percentile(double share) const {
    const double place = share * static_cast<double>(divergences_.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, divergences_.size() - 1);
    const double part = place - static_cast<double>(below);
    return divergences_[below] * (1 - part) + divergences_[above] * part;
}

}  // namespace linnet
