// One measurement: as many requests as a configuration says, at once, through an engine.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "engine/engine.h"
#include "linnet/bench/plan.h"
#include "measure/energy.h"

namespace linnet {

struct BenchSample {
    size_t config = 0;  // its place in the plan
    double began_s = 0, seconds = 0;
    std::optional<double> prefill_tps{};  // absent where the configuration has no prompt …
    std::optional<double> decode_tps{};   // … or generates nothing
    double first_token_s = 0;             // mean over the requests
    std::optional<double> prefill_joules{}, decode_joules{};  // of a token
};

// What all measurements of a model share.
struct BenchModel {
    std::shared_ptr<const Model> model;
    const Kernels& kernels;
    Clock& clock;
    KvType kv = KvType::I16;
    std::optional<uint64_t> memory_max{};  // of weights and all engines
};

// Keeps an engine for each number of threads, so that configurations can take turns.
class BenchRunner {
  public:
    // Makes and warms the engines. NoFit where they do not fit the memory.
    static Result<std::unique_ptr<BenchRunner>> make(BenchModel model,
                                                     const std::vector<BenchConfig>& plan,
                                                     const Cancel& cancel);

    // `turn` gives new prompts, so that nothing of them is known from earlier ones.
    Result<BenchSample> measure(size_t config, uint64_t turn, EnergyMeter& meter,
                                const Cancel& cancel);

    uint64_t memory_bytes(size_t config) const;  // of cache and buffers of its engine

  private:
    BenchRunner(BenchModel model, std::vector<BenchConfig> plan)
        : model_(std::move(model)), plan_(std::move(plan)) {}
    Result<> make_engines();
    Result<> run_quietly(Engine& engine, TokenRequest request, const Cancel& cancel);
    Result<> fill_depth(Engine& engine, const BenchConfig& config, const Cancel& cancel);
    std::vector<int32_t> random_tokens(uint64_t seed, size_t count) const;
    TokenRequest request(const BenchConfig& config, size_t which, uint64_t seed) const;

    BenchModel model_;
    std::vector<BenchConfig> plan_;
    std::map<size_t, std::unique_ptr<Engine>> engines_;  // by threads
};

}  // namespace linnet
