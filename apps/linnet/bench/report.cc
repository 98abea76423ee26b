#include "linnet/bench/report.h"

#include <algorithm>

#include "base/text.h"
#include "measure/statistics.h"

namespace linnet {
namespace {

Repeated repeated(const std::vector<double>& values, bool least_is_best = false) {
    return {mean(values), least_is_best ? std::ranges::min(values) : std::ranges::max(values),
            deviation(values)};
}

// The values that are there.
template <class Member>
std::vector<double> values_of(std::span<const BenchSample* const> samples, Member member) {
    std::vector<double> out;
    for (const BenchSample* sample : samples)
        if ((sample->*member).has_value()) out.push_back(*(sample->*member));
    return out;
}

template <class Member>
std::optional<double> mean_of(std::span<const BenchSample* const> samples, Member member) {
    auto values = values_of(samples, member);
    return values.empty() ? std::nullopt : std::optional(mean(values));
}

template <class Member>
std::optional<Repeated> repeated_of(std::span<const BenchSample* const> samples, Member member) {
    auto values = values_of(samples, member);
    return values.empty() ? std::nullopt : std::optional(repeated(values));
}

void set_shares(const TokenWork& work, const MachineLimit& limit, BenchRow& row) {
    if (row.decode_tps && limit.bytes_per_second && *limit.bytes_per_second > 0) {
        // One reading of the weights serves all requests of a step.
        double steps = row.decode_tps->mean / static_cast<double>(row.config.concurrency);
        row.bandwidth_share = work.bytes * steps / *limit.bytes_per_second;
    }
    if (row.prefill_tps && work.in_integers && limit.products_per_second > 0)
        row.integer_share = work.products * row.prefill_tps->mean / limit.products_per_second;
}

}  // namespace

std::vector<BenchRow> BenchReport::rows() const {
    std::vector<BenchRow> out;
    for (size_t place = 0; place < plan.size(); place++) {
        std::vector<const BenchSample*> own;
        std::vector<double> first_token;
        for (const BenchSample& sample : samples)
            if (sample.config == place) {
                own.push_back(&sample);
                first_token.push_back(sample.first_token_s);
            }
        if (own.empty()) continue;
        BenchRow row{.place = place,
                     .config = plan[place],
                     .repeats = own.size(),
                     .memory_bytes = memory_bytes[place],
                     .prefill_tps = repeated_of(own, &BenchSample::prefill_tps),
                     .decode_tps = repeated_of(own, &BenchSample::decode_tps),
                     .first_token_s = repeated(first_token, true),
                     .prefill_joules = mean_of(own, &BenchSample::prefill_joules),
                     .decode_joules = mean_of(own, &BenchSample::decode_joules),
                     .bandwidth_share = {},
                     .integer_share = {}};
        auto limit = std::ranges::find(limits, row.config.threads, &MachineLimit::threads);
        if (limit != limits.end()) set_shares(work, *limit, row);
        out.push_back(row);
    }
    return out;
}

std::string BenchReport::types_text() const {
    std::vector<std::string> parts;
    for (const TypeShare& share : summary.types) {
        double percent = 100.0 * static_cast<double>(share.bytes) /
                         static_cast<double>(std::max<uint64_t>(summary.weight_bytes, 1));
        if (percent >= 0.5) parts.push_back(cat(share.type, " ", fixed(percent, 0), " %"));
    }
    return join(parts, ", ");
}

std::string BenchReport::machine_text() const {
    const Processor& processor = machine.processor;
    if (processor.machine.empty()) return printable(processor.name);
    return cat(printable(processor.machine),
               processor.name.empty() ? "" : cat(" (", printable(processor.name), ")"));
}

std::optional<double> Sustained::kept() const {
    auto speed = [&](double from_s, double to_s) {
        std::vector<double> values;
        for (const SustainedPoint& point : points)
            if (point.at_s >= from_s && point.at_s < to_s)
                if (auto tps = point.decode_tps ? point.decode_tps : point.prefill_tps)
                    values.push_back(*tps);
        return mean(values);
    };
    double first = speed(0, seconds / 4), last = speed(seconds * 3 / 4, seconds + 1);
    if (first <= 0 || last <= 0) return std::nullopt;
    return last / first;
}

}  // namespace linnet
