// What a constraint costs: a mask for each token of an answer, and making the grammar.
// LINNET_BENCH_VOCABULARY names a GGUF file other than GPT-2's vocabulary of the data folder.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "base/rng.h"
#include "formats/checkpoint.h"
#include "grammar/answer_form.h"

namespace linnet {
namespace {

constexpr const char* person =
    R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,
    "maximum":150},"email":{"type":"string","format":"email"},"tags":{"type":"array","items":
    {"type":"string","maxLength":20},"maxItems":6},"kind":{"enum":["person","robot","cat"]},
    "note":{"type":"string","minLength":4,"maxLength":200},"more":{}},
    "required":["name","age","tags","kind","note","more"]})";
constexpr const char* expressions =
    "root ::= sum\nsum ::= product ([+-] product)*\nproduct ::= atom ([*/] atom)*\n"
    "atom ::= [0-9]{1,9} | [a-z] [a-z0-9_]* | \"(\" sum \")\"\n";

std::optional<Tokenizer> open(benchmark::State& state) {
    const char* set = std::getenv("LINNET_BENCH_VOCABULARY");
    const char* data = std::getenv("LINNET_DATA");
    auto checkpoint = Checkpoint::open(set ? Path(set)
                                           : Path(data ? data : "../shared") /
                                                 "data/tokenizers/ggml-vocab-gpt-2.gguf");
    auto tokenizer = checkpoint ? Tokenizer::from(*checkpoint) : std::move(checkpoint).error();
    if (tokenizer) return *std::move(tokenizer);
    state.SkipWithError(tokenizer.error().what.c_str());
    return std::nullopt;
}

// One random answer of 200 tokens, the same in each round: the first round warms the caches.
void masks(benchmark::State& state, const AnswerForm& form) {
    auto tokenizer = open(state);
    if (!tokenizer) return;
    AnswerForms forms(*tokenizer);
    auto grammar = *forms.grammar(form);
    constexpr size_t tokens_max = 200;
    std::vector<TokenId> answer;
    Rng rng(7);
    Matcher first(grammar);
    while (answer.size() < tokens_max && !first.is_done()) {
        const TokenMask& mask = first.allowed(tokens_max - answer.size());
        auto token = static_cast<TokenId>(rng.below(grammar->trie().vocabulary()));
        while (!mask.has(token)) token = (token + 1) % tokenizer->size();
        first.accept(token);
        answer.push_back(token);
    }
    size_t bits = 0;
    for (auto _ : state) {
        Matcher matcher(grammar);
        for (size_t i = 0; i < answer.size(); i++) {
            bits += matcher.allowed(tokens_max - i).words()[0] & 1;
            matcher.accept(answer[i]);
        }
    }
    benchmark::DoNotOptimize(bits);
    auto steps = static_cast<double>(state.iterations()) * static_cast<double>(answer.size());
    state.counters["token"] =
        benchmark::Counter(steps, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["tokens"] = static_cast<double>(answer.size());
}

void Schema(benchmark::State& state) {
    masks(state, JsonSchema{person});
}
BENCHMARK(Schema)->Unit(benchmark::kMicrosecond);

void AnyJson(benchmark::State& state) {
    masks(state, JsonSchema{"{}"});
}
BENCHMARK(AnyJson)->Unit(benchmark::kMicrosecond);

void Expressions(benchmark::State& state) {
    masks(state, Gbnf{expressions});
}
BENCHMARK(Expressions)->Unit(benchmark::kMicrosecond);

void Dates(benchmark::State& state) {
    masks(state, RegexText{"(\\d{4}-\\d\\d-\\d\\d (Mon|Tue|Wed|Thu|Fri|Sat|Sun)\\n){30}"});
}
BENCHMARK(Dates)->Unit(benchmark::kMicrosecond);

void Compile(benchmark::State& state) {
    auto tokenizer = open(state);
    if (!tokenizer) return;
    for (auto _ : state) {
        AnswerForms forms(*tokenizer);
        benchmark::DoNotOptimize(forms.grammar(JsonSchema{person}));
    }
}
BENCHMARK(Compile)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace linnet
