#include "measure/statistics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace linnet {
namespace {

using Values = std::vector<double>;

TEST(Statistics, OfAFewValues) {
    Values values = {4, 1, 3, 2};
    EXPECT_EQ(mean(values), 2.5);
    EXPECT_EQ(median(values), 2.5);
    EXPECT_NEAR(deviation(values), 1.2909944487358056, 1e-15);
    EXPECT_EQ(percentile(values, 0), 1);
    EXPECT_EQ(percentile(values, 100), 4);
    EXPECT_EQ(percentile(values, 25), 1.75);
    EXPECT_NEAR(percentile(values, 90), 3.7, 1e-12);
    EXPECT_EQ(percentile(values, -5), 1);
    EXPECT_EQ(percentile(values, 500), 4);
    EXPECT_EQ(median(Values{7, 9, 8}), 8);
    EXPECT_EQ(values, (Values{4, 1, 3, 2}));
}

TEST(Statistics, OfOneValueAndOfNone) {
    EXPECT_EQ(mean({}), 0);
    EXPECT_EQ(median({}), 0);
    EXPECT_EQ(deviation({}), 0);
    EXPECT_EQ(percentile({}, 99), 0);
    EXPECT_EQ(median(Values{5}), 5);
    EXPECT_EQ(deviation(Values{5}), 0);
    Rng rng(1);
    EXPECT_EQ(mean_interval({}, rng).high, 0);
    EXPECT_EQ(mean_interval(Values{5}, rng).low, 5);
    EXPECT_EQ(mean_interval(Values{5}, rng).high, 5);
}

RC_GTEST_PROP(Statistics, PercentilesRiseAndStayWithin, (Values values)) {
    RC_PRE(!values.empty());
    for (double& value : values) value = std::clamp(value, -1e100, 1e100);
    auto [least, most] = std::minmax_element(values.begin(), values.end());
    double last = *least;
    for (double percent = 0; percent <= 100; percent += 10) {
        double at = percentile(values, percent);
        RC_ASSERT(at >= last - 1e85 && at >= *least && at <= *most);
        last = at;
    }
}

// Of 200 samples of 40 normal values, about 95 % of the intervals must hold the true mean; with the
// seed fixed it is always the same number.
TEST(Statistics, BootstrapIntervalsCoverTheMean) {
    Rng rng(42);
    int covered = 0;
    double width = 0;
    for (int sample = 0; sample < 200; sample++) {
        Values values;
        for (int i = 0; i < 40; i++) values.push_back(10 + 2 * rng.normal());
        Interval interval = mean_interval(values, rng, 0.95, 400);
        covered += interval.low <= 10 && 10 <= interval.high;
        width += interval.high - interval.low;
    }
    EXPECT_GE(covered, 180);
    EXPECT_LE(covered, 198);
    EXPECT_NEAR(width / 200, 2 * 1.96 * 2 / std::sqrt(40.0), 0.12);
}

TEST(Statistics, BootstrapTakesAnyStatistic) {
    Values errors = {1, 0, 0, 1, 0, 0, 0, 0, 1, 0}, sizes = {3, 1, 2, 4, 1, 1, 2, 2, 5, 1};
    auto rate = [&](std::span<const size_t> items) {
        double wrong = 0, all = 0;
        for (size_t item : items) {
            wrong += errors[item] * sizes[item];
            all += sizes[item];
        }
        return wrong / all;
    };
    Rng rng(3), same(3);
    Interval interval = bootstrap(errors.size(), rate, rng);
    EXPECT_LT(interval.low, 12.0 / 22);
    EXPECT_GT(interval.high, 12.0 / 22);
    EXPECT_GE(interval.low, 0);
    EXPECT_LE(interval.high, 1);
    Interval narrower = bootstrap(errors.size(), rate, rng, 0.5);
    EXPECT_GT(narrower.low, interval.low);
    EXPECT_LT(narrower.high, interval.high);
    EXPECT_EQ(bootstrap(errors.size(), rate, same).low, interval.low) << "by its seed alone";
}

}  // namespace
}  // namespace linnet
