#include "linnet/bench/sample.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/queue.h"
#include "base/rng.h"
#include "base/text.h"

namespace linnet {
namespace {

// Reads one request's answer on a thread of its own: when its tokens came.
struct Listener {
    std::unique_ptr<TokenStream> stream;
    std::vector<double> token_s;  // of the clock; the first ends the prompt
    RunStats stats;
    std::optional<Error> error;
};

enum class Milestone { FirstToken, End };

void listen(Listener& listener, Clock& clock, const Cancel& cancel,
            BoundedQueue<Milestone>& milestones) {
    for (;;) {
        auto event = listener.stream->next(cancel);
        if (!event || !*event) {
            if (!event) listener.error = std::move(event).error();
            break;
        }
        if ((*event)->token) {
            listener.token_s.push_back(clock.now_s());
            if (listener.token_s.size() == 1) milestones.push(Milestone::FirstToken);
        }
        if ((*event)->finish) listener.stats = (*event)->stats;
    }
    milestones.push(Milestone::End);
}

// Joules up to the moment when all requests had their first token, and up to the end.
struct Energy {
    double prefill = 0, decode = 0;
};

// Waits for all listeners. A meter of power wants to be looked at now and then.
Energy wait_for(size_t listeners, BoundedQueue<Milestone>& milestones, EnergyMeter& meter) {
    constexpr std::chrono::milliseconds look(200);
    meter.sample();
    double began = meter.joules(), first = began;
    for (size_t started = 0, ended = 0; ended < listeners;) {
        auto milestone = milestones.pop_for(look);
        meter.sample();
        if (!milestone) continue;
        if (*milestone == Milestone::End) ended++;
        if (*milestone == Milestone::FirstToken && ++started == listeners) first = meter.joules();
    }
    return {first - began, meter.joules() - first};
}

double per_second(double count, double seconds) {
    return seconds > 0 ? count / seconds : 0;
}

// All prompts together, from the start until the last has its first token; then all answers, while
// every one of them is being written.
void set_speeds(std::span<const Listener> listeners, const BenchConfig& config,
                const Energy& energy, bool has_energy, BenchSample& sample) {
    double last_first = 0, first_end = INFINITY, computed = 0;
    for (const Listener& listener : listeners) {
        last_first = std::max(last_first, listener.token_s.front());
        first_end = std::min(first_end, listener.token_s.back());
        computed +=
            static_cast<double>(listener.stats.prompt_tokens - listener.stats.cached_tokens);
        sample.first_token_s +=
            listener.stats.first_token_s / static_cast<double>(listeners.size());
    }
    auto answers = static_cast<double>(listeners.size() * config.generate);
    // One alone by the engine's clock: tokens of tiny models come faster than they are listened to.
    const RunStats* alone = listeners.size() == 1 ? &listeners[0].stats : nullptr;
    if (config.prompt > 0) {
        sample.prefill_tps =
            per_second(computed, alone ? alone->prompt_s : last_first - sample.began_s);
        if (has_energy) sample.prefill_joules = energy.prefill / computed;
    }
    if (config.generate == 0) return;
    if (has_energy) sample.decode_joules = energy.decode / answers;
    if (alone) {
        sample.decode_tps =
            per_second(static_cast<double>(listeners[0].token_s.size()) - 1, alone->answer_s);
        return;
    }
    if (first_end <= last_first) {  // the first had ended before the last began
        for (const Listener& listener : listeners)
            first_end = std::max(first_end, listener.token_s.back());
        sample.decode_tps = per_second(answers, first_end - listeners.front().token_s.front());
        return;
    }
    double written = 0;
    for (const Listener& listener : listeners)
        written += static_cast<double>(std::ranges::count_if(
            listener.token_s, [&](double s) { return s > last_first && s <= first_end; }));
    sample.decode_tps = per_second(written, first_end - last_first);
}

}  // namespace

Result<std::unique_ptr<BenchRunner>> BenchRunner::make(BenchModel model,
                                                       const std::vector<BenchConfig>& plan,
                                                       const Cancel& cancel) {
    const uint32_t trained = model.model->config().context;
    for (const BenchConfig& config : plan)
        if (config.tokens() > trained)
            return Error{Code::NoFit,
                         cat("a depth of ", config.depth, ", a prompt of ", config.prompt, " and ",
                             config.generate, " generated tokens take ", config.tokens(),
                             " positions, and the model knows ", trained),
                         "make -d, -p or -n smaller"};
    std::unique_ptr<BenchRunner> runner(new BenchRunner(std::move(model), plan));
    TRY(runner->make_engines());
    // The first steps of an engine touch its memory for the first time.
    for (auto& [threads, engine] : runner->engines_) {
        TokenRequest warm{.prompt = runner->random_tokens(0, std::min(engine->context() - 3, 32u)),
                          .sampling = {},
                          .tokens_max = 2,
                          .end_tokens = {}};
        TRY(runner->run_quietly(*engine, std::move(warm), cancel));
    }
    return runner;
}

Result<> BenchRunner::make_engines() {
    uint64_t taken = 0;
    for (const BenchConfig& config : plan_) {
        if (engines_.contains(config.threads)) continue;
        EngineOptions options{.threads = config.threads, .kv = model_.kv};
        // The speed of the model, not of guesses that come true.
        options.speculation.lookup = Speculation::Lookup::Off;
        for (const BenchConfig& other : plan_) {
            if (other.threads != config.threads) continue;
            options.context = std::max({options.context, other.tokens(), 8u});
            options.sequences_max = std::max(options.sequences_max, other.concurrency);
        }
        options.context = std::min(options.context, model_.model->config().context);
        options.queue_max = std::max(options.queue_max, options.sequences_max);
        if (model_.memory_max)
            options.memory_max = *model_.memory_max > taken ? *model_.memory_max - taken : 0;
        auto engine = Engine::make(model_.model, model_.kernels, model_.clock, options);
        if (!engine) {
            Error error = std::move(engine).error();
            if (error.code == Code::NoFit)
                error.next = "make -d, -p, -n, -c or the list of -t smaller, or free memory";
            return error;
        }
        taken += (*engine)->memory_bytes();
        engines_[config.threads] = *std::move(engine);
    }
    return Done{};
}

uint64_t BenchRunner::memory_bytes(size_t config) const {
    return engines_.at(plan_[config].threads)->memory_bytes();
}

std::vector<int32_t> BenchRunner::random_tokens(uint64_t seed, size_t count) const {
    Rng rng(seed);
    std::vector<int32_t> out(count);
    for (int32_t& token : out)
        token = static_cast<int32_t>(rng.below(model_.model->config().vocabulary));
    return out;
}

// The depth is the same each time, so that the engine finds it in its cache; the prompt is new.
TokenRequest BenchRunner::request(const BenchConfig& config, size_t which, uint64_t seed) const {
    std::vector<int32_t> prompt = random_tokens(which, config.depth);
    auto more = random_tokens(seed, std::max(config.prompt, 1u));
    prompt.insert(prompt.end(), more.begin(), more.end());
    return {.prompt = std::move(prompt),
            .sampling = {.temperature = 0},
            .tokens_max = config.generate + 1,
            .end_tokens = {}};
}

Result<> BenchRunner::run_quietly(Engine& engine, TokenRequest request, const Cancel& cancel) {
    auto stream = TRY(engine.submit(std::move(request)));
    while (TRY(stream->next(cancel))) {
    }
    return Done{};
}

// Costs little where the cache still holds it.
Result<> BenchRunner::fill_depth(Engine& engine, const BenchConfig& config, const Cancel& cancel) {
    if (config.depth == 0) return Done{};
    for (size_t which = 0; which < config.concurrency; which++)
        TRY(run_quietly(engine,
                        {.prompt = random_tokens(which, config.depth),
                         .sampling = {.temperature = 0},
                         .tokens_max = 1,
                         .end_tokens = {}},
                        cancel));
    return Done{};
}

Result<BenchSample> BenchRunner::measure(size_t place, uint64_t turn, EnergyMeter& meter,
                                         const Cancel& cancel) {
    const BenchConfig& config = plan_[place];
    Engine& engine = *engines_.at(config.threads);
    TRY(fill_depth(engine, config, cancel));
    std::vector<TokenRequest> requests;
    for (size_t which = 0; which < config.concurrency; which++)
        requests.push_back(request(config, which, ((turn + 1) << 20) + (place << 10) + which));
    std::vector<Listener> listeners(config.concurrency);
    BoundedQueue<Milestone> milestones(2 * config.concurrency);
    BenchSample sample{.config = place, .began_s = model_.clock.now_s()};
    for (size_t which = 0; which < config.concurrency; which++)
        listeners[which].stream = TRY(engine.submit(std::move(requests[which])));
    Energy energy;
    {
        std::vector<std::jthread> threads;
        for (Listener& listener : listeners)
            threads.emplace_back([&] { listen(listener, model_.clock, cancel, milestones); });
        energy = wait_for(listeners.size(), milestones, meter);
    }
    sample.seconds = model_.clock.now_s() - sample.began_s;
    for (Listener& listener : listeners) {
        if (listener.error) return std::move(*listener.error);
        check(!listener.token_s.empty(), "an answer that did not fail has a token");
    }
    set_speeds(listeners, config, energy, meter.works(), sample);
    return sample;
}

}  // namespace linnet
