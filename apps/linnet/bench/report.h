// What `linnet bench` found out, summed up: a row for each configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/bench/limits.h"
#include "linnet/bench/plan.h"
#include "linnet/bench/sample.h"
#include "measure/machine.h"
#include "model/summary.h"

namespace linnet {

// Of repeated measurements. The best is the fastest; spread is their standard deviation.
struct Repeated {
    double mean = 0, best = 0, spread = 0;
};

struct BenchRow {
    size_t place = 0;  // of its configuration in the plan
    BenchConfig config;
    size_t repeats = 0;
    uint64_t memory_bytes = 0;  // of cache and buffers
    std::optional<Repeated> prefill_tps, decode_tps;
    Repeated first_token_s;
    std::optional<double> prefill_joules, decode_joules;  // of a token
    // Of what the machine can read, and multiply, with that many threads.
    std::optional<double> bandwidth_share, integer_share;
};

// One moment of a long run; short measurements are put together.
struct SustainedPoint {
    double at_s = 0;  // since it began
    size_t samples = 0;
    std::optional<double> prefill_tps{}, decode_tps{};
    std::optional<double> celsius{}, hz{};
};

struct Sustained {
    double seconds = 0;
    std::vector<SustainedPoint> points;
    std::optional<uint64_t> slowed_down;  // times that the processor says it got too warm meanwhile

    // Speed of the last quarter of the time as a share of that of the first; nothing where it was
    // too short to tell.
    std::optional<double> kept() const;
};

struct BenchReport {
    std::string model;  // as it was named
    ModelSummary summary;
    Machine machine;
    std::string isa, math, kv;
    double load_s = 0;
    uint64_t peak_memory_bytes = 0;
    TokenWork work;
    std::vector<MachineLimit> limits;  // empty where they were not measured
    std::string energy_source;         // empty where the machine does not tell
    bool interrupted = false;
    std::vector<BenchConfig> plan;
    std::vector<uint64_t> memory_bytes;  // by configuration
    std::vector<BenchSample> samples;
    std::optional<Sustained> sustained;

    std::vector<BenchRow> rows() const;  // of what was measured at least once
    std::string types_text() const;      // "q4_k 98 %, f32 2 %"
    std::string machine_text() const;    // its name, or its processor's
};

}  // namespace linnet
