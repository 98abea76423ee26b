#include "linnet/bench/sustained.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

// The mean of so many values, with one more.
void join(std::optional<double>& mean, const std::optional<double>& value, size_t samples) {
    if (!value) return;
    mean = mean ? *mean + (*value - *mean) / static_cast<double>(samples) : *value;
}

std::optional<double> warmest(const Tree& tree) {
    std::optional<double> out;
    for (const Temperature& each : read_temperatures(tree))
        out = std::max(out.value_or(each.celsius), each.celsius);
    return out;
}

std::optional<double> frequency(const Tree& tree) {
    auto hz = read_processor(tree).frequency.hz_now;
    return hz ? std::optional(static_cast<double>(*hz)) : std::nullopt;
}

std::optional<uint64_t> times_slowed_down(const Tree& tree) {
    auto throttling = read_throttling(tree);
    return throttling ? std::optional(throttling->slowed_down) : std::nullopt;
}

void add(Sustained& sustained, double at_s, double point_s, const BenchSample& sample,
         const Tree& tree) {
    auto& points = sustained.points;
    bool same = !points.empty() && at_s - points.back().at_s < point_s;
    if (!same) points.push_back({.at_s = at_s});
    SustainedPoint& point = points.back();
    point.samples++;
    join(point.prefill_tps, sample.prefill_tps, point.samples);
    join(point.decode_tps, sample.decode_tps, point.samples);
    join(point.celsius, warmest(tree), point.samples);
    join(point.hz, frequency(tree), point.samples);
}

}  // namespace

Result<> run_sustained(BenchRunner& runner, double seconds, const Tree& tree, Clock& clock,
                       EnergyMeter& meter, Progress& progress, const Cancel& cancel,
                       BenchReport& report) {
    check(report.plan.size() == 1, "one configuration is run for long");
    // Of a row's own statistics a bounded number is kept: the newest.
    constexpr size_t samples_max = 10'000;
    const double point_s = seconds / sustained_points_max, began_s = clock.now_s();
    const auto slowed_before = times_slowed_down(tree);
    Sustained& sustained = report.sustained.emplace();
    progress.count_in("seconds");
    progress.begin(cat("running for ", duration_text(seconds)), static_cast<uint64_t>(seconds), 0);
    for (uint64_t turn = 0; clock.now_s() - began_s < seconds; turn++) {
        BenchSample sample = TRY(runner.measure(0, turn, meter, cancel));
        sustained.seconds = clock.now_s() - began_s;
        add(sustained, sample.began_s - began_s, point_s, sample, tree);
        if (auto now = times_slowed_down(tree); now && slowed_before)
            sustained.slowed_down = *now >= *slowed_before ? *now - *slowed_before : 0;
        if (report.samples.size() >= samples_max) report.samples.erase(report.samples.begin());
        report.samples.push_back(sample);
        progress.at(
            std::min(static_cast<uint64_t>(sustained.seconds), static_cast<uint64_t>(seconds)));
    }
    progress.end();
    return Done{};
}

}  // namespace linnet
