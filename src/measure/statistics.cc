#include "measure/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace linnet {

double mean(std::span<const double> values) {
    double sum = 0;
    for (double value : values) sum += value;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double deviation(std::span<const double> values) {
    if (values.size() < 2) return 0;
    double center = mean(values), squares = 0;
    for (double value : values) squares += (value - center) * (value - center);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

static double percentile_of_sorted(std::span<const double> sorted, double percent) {
    if (sorted.empty()) return 0;
    double rank = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(sorted.size() - 1);
    auto below = static_cast<size_t>(rank);
    size_t above = std::min(below + 1, sorted.size() - 1);
    double part = rank - static_cast<double>(below);
    return sorted[below] + (sorted[above] - sorted[below]) * part;
}

double percentile(std::span<const double> values, double percent) {
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return percentile_of_sorted(sorted, percent);
}

double median(std::span<const double> values) {
    return percentile(values, 50);
}

Interval bootstrap(size_t count, FunctionRef<double(std::span<const size_t>)> statistic, Rng& rng,
                   double confidence, size_t rounds) {
    check(confidence > 0 && confidence < 1 && rounds > 0, "a bootstrap that says something");
    if (count == 0) return {};
    std::vector<size_t> items(count);
    std::vector<double> results;
    results.reserve(rounds);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t& item : items) item = rng.below(count);
        results.push_back(statistic(items));
    }
    std::sort(results.begin(), results.end());
    double tail = (1 - confidence) / 2 * 100;
    return {percentile_of_sorted(results, tail), percentile_of_sorted(results, 100 - tail)};
}

Interval mean_interval(std::span<const double> values, Rng& rng, double confidence, size_t rounds) {
    auto mean_of = [&](std::span<const size_t> items) {
        double sum = 0;
        for (size_t item : items) sum += values[item];
        return sum / static_cast<double>(items.size());
    };
    return bootstrap(values.size(), mean_of, rng, confidence, rounds);
}

}  // namespace linnet
