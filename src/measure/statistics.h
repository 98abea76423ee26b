// Numbers about numbers. All of them are 0 for no values; none changes its input.
#pragma once

#include <cstddef>
#include <span>

#include "base/rng.h"
#include "base/threads.h"

namespace linnet {

double mean(std::span<const double> values);
// Of a sample: divided by n - 1. 0 for fewer than two values.
double deviation(std::span<const double> values);
double median(std::span<const double> values);
// Linear between the two nearest ranks; percent from 0 (the least) to 100 (the largest).
double percentile(std::span<const double> values, double percent);

struct Interval {
    double low = 0, high = 0;
};

// The percentile bootstrap (Efron 1979): in which interval a statistic of `count` items lies with
// that confidence, by drawing the items again with replacement `rounds` times. The statistic gets
// the numbers of the items drawn. Deterministic for a given state of the generator.
Interval bootstrap(size_t count, FunctionRef<double(std::span<const size_t> items)> statistic,
                   Rng& rng, double confidence = 0.95, size_t rounds = 2000);

Interval mean_interval(std::span<const double> values, Rng& rng, double confidence = 0.95,
                       size_t rounds = 2000);

}  // namespace linnet
