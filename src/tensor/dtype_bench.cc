// How fast each format is decoded and encoded, on one thread, out of the cache.
// `bytes_per_second` counts the blocks read (or written), `floats` the float32 side of it.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace linnet {
namespace {

constexpr size_t values = 1 << 16;  // 256 KiB of floats

void count(benchmark::State& state, const DType& type) {
    auto rounds = static_cast<double>(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(*type.bytes_of(values)));
    state.counters["floats"] =
        benchmark::Counter(rounds * values * sizeof(float), benchmark::Counter::kIsRate);
}

void decode(benchmark::State& state, const DType* type) {
    std::vector<std::byte> blocks(*type->bytes_of(values));
    for (size_t i = 0; i < blocks.size(); i++) blocks[i] = static_cast<std::byte>(i * 37 % 113);
    std::vector<float> floats(values);
    for (auto _ : state) {
        type->decode(blocks.data(), floats.data(), values);
        benchmark::DoNotOptimize(floats.data());
        benchmark::ClobberMemory();
    }
    count(state, *type);
}

void encode(benchmark::State& state, const DType* type) {
    std::vector<std::byte> blocks(*type->bytes_of(values));
    std::vector<float> floats(values);
    for (size_t i = 0; i < values; i++) floats[i] = static_cast<float>(i * 7919 % 2003) - 1001;
    for (auto _ : state) {
        type->encode(floats.data(), blocks.data(), values);
        benchmark::DoNotOptimize(blocks.data());
        benchmark::ClobberMemory();
    }
    count(state, *type);
}

const bool registered = [] {
    for (const DType& type : dtypes()) {
        std::string name(type.name);
        if (type.decode) benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode, &type);
        if (type.encode) benchmark::RegisterBenchmark(("encode/" + name).c_str(), encode, &type);
    }
    return true;
}();

}  // namespace
}  // namespace linnet
