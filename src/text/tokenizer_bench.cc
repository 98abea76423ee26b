// How fast text becomes tokens, on one thread. LINNET_BENCH_VOCABULARY names a GGUF file other than
// GPT-2's vocabulary of the data folder, LINNET_BENCH_TEXT a text other than wikitext-2's test set.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "base/file.h"
#include "formats/checkpoint.h"
#include "text/tokenizer.h"

namespace linnet {
namespace {

Path from_environment(const char* name, const char* other) {
    const char* set = std::getenv(name);
    if (set) return set;
    const char* data = std::getenv("LINNET_DATA");
    return Path(data ? data : "../shared") / other;
}

std::optional<Tokenizer> open(benchmark::State& state) {
    Path path =
        from_environment("LINNET_BENCH_VOCABULARY", "data/tokenizers/ggml-vocab-gpt-2.gguf");
    auto checkpoint = Checkpoint::open(path);
    if (!checkpoint) {
        state.SkipWithError(checkpoint.error().what.c_str());
        return std::nullopt;
    }
    auto tokenizer = Tokenizer::from(*checkpoint);
    if (tokenizer) return *std::move(tokenizer);
    state.SkipWithError(tokenizer.error().what.c_str());
    return std::nullopt;
}

void encode(benchmark::State& state, const std::string& text, const Tokenizer& tokenizer) {
    size_t tokens = 0;
    for (auto _ : state) {
        tokens = tokenizer.encode(text).size();
        benchmark::DoNotOptimize(tokens);
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
    state.counters["tokens"] = static_cast<double>(tokens);
}

void English(benchmark::State& state) {
    auto text =
        read_file(from_environment("LINNET_BENCH_TEXT", "data/wikitext2/test.txt"), 1 << 30);
    if (!text) return state.SkipWithError(text.error().what.c_str());
    if (auto tokenizer = open(state)) encode(state, *text, *tokenizer);
}
BENCHMARK(English)->Unit(benchmark::kMillisecond);

// One letter, a million times: one word.
void OneLetter(benchmark::State& state) {
    if (auto tokenizer = open(state)) encode(state, std::string(1'000'000, 'a'), *tokenizer);
}
BENCHMARK(OneLetter)->Unit(benchmark::kMillisecond);

// Letters in no order, without a space: a word that no cache helps with.
void RandomLetters(benchmark::State& state) {
    std::string text(1'000'000, ' ');
    uint64_t seed = 1;
    for (char& c : text) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        c = static_cast<char>('a' + (seed >> 33) % 26);
    }
    if (auto tokenizer = open(state)) encode(state, text, *tokenizer);
}
BENCHMARK(RandomLetters)->Unit(benchmark::kMillisecond);

void Spaces(benchmark::State& state) {
    if (auto tokenizer = open(state)) encode(state, std::string(1'000'000, ' ') + 'a', *tokenizer);
}
BENCHMARK(Spaces)->Unit(benchmark::kMillisecond);

void Open(benchmark::State& state) {
    for (auto _ : state) {
        auto tokenizer = open(state);
        benchmark::DoNotOptimize(tokenizer);
    }
}
BENCHMARK(Open)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace linnet
