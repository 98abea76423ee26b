// What it costs to hand work to the pool, and to wait for each other inside it. A model step of
// 30 layers has some 120 barriers; at 1 µs each they take 0.1 ms of a token.
#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

#include "base/threads.h"

namespace linnet {
namespace {

void fork_join(benchmark::State& state) {
    ThreadPool pool(static_cast<size_t>(state.range(0)));
    for (auto _ : state) pool.run([](size_t worker) { benchmark::DoNotOptimize(worker); });
}
BENCHMARK(fork_join)->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

// Reports the time of one barrier.
void barrier(benchmark::State& state) {
    ThreadPool pool(static_cast<size_t>(state.range(0)));
    constexpr int barriers = 1000;
    for (auto _ : state) {
        auto start = std::chrono::steady_clock::now();
        pool.run([&](size_t) {
            for (int i = 0; i < barriers; i++) pool.barrier();
        });
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        state.SetIterationTime(took.count() / barriers);
    }
}
BENCHMARK(barrier)->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->UseManualTime()->MinTime(0.0002);

void busy_for(std::chrono::nanoseconds time) {
    auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
    }
}

// Fork and join after the owner did something alone for a while, as a sampler does between steps.
void fork_join_after(benchmark::State& state) {
    ThreadPool pool(2);
    std::chrono::microseconds alone(state.range(0));
    for (auto _ : state) {
        busy_for(alone);
        auto start = std::chrono::steady_clock::now();
        pool.run([](size_t worker) { benchmark::DoNotOptimize(worker); });
        state.SetIterationTime(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
}
BENCHMARK(fork_join_after)
    ->ArgName("alone_us")
    ->Arg(5)
    ->Arg(50)
    ->Arg(200)
    ->Arg(1000)
    ->Arg(5000)
    ->UseManualTime();

void step_alone(uint64_t units) {
    uint64_t x = 1;
    for (uint64_t i = 0; i < units; i++) benchmark::DoNotOptimize(x = x * 5 + 1);
}

std::vector<std::jthread> hogs(int64_t count) {
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < count; i++)
        threads.emplace_back([](std::stop_token stop) {
            while (!stop.stop_requested()) busy_for(std::chrono::microseconds(100));
        });
    return threads;
}

// A step as a model has it: 100 pieces of 2 x 10 µs for two workers, waiting for each other after
// each. `load` other threads compute all the time and want the same processors.
constexpr int pieces = 100;
constexpr uint64_t units = 2 * 16384;

void step_with_barriers(benchmark::State& state) {
    auto others = hogs(state.range(0));
    ThreadPool pool(2);
    for (auto _ : state)
        pool.run([&](size_t) {
            for (int piece = 0; piece < pieces; piece++) {
                step_alone(units / 2);
                pool.barrier();
            }
        });
}

void step_with_for_each(benchmark::State& state) {
    auto others = hogs(state.range(0));
    ThreadPool pool(static_cast<size_t>(state.range(1)));
    for (auto _ : state)
        for (int piece = 0; piece < pieces; piece++)
            pool.for_each(units, [](size_t begin, size_t end) { step_alone(end - begin); });
}
BENCHMARK(step_with_barriers)
    ->ArgName("load")
    ->DenseRange(0, 3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(step_with_for_each)
    ->ArgNames({"load", "threads"})
    ->ArgsProduct({{0, 1, 2, 3}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace linnet
