// Requests with adapters and without in one engine: what they share changes no answer.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/testing/data.h"
#include "base/testing/temporary.h"
#include "engine/adapter_roots.h"
#include "engine/engine.h"
#include "kernels/select.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;
using Tokens = std::vector<int32_t>;

class EngineAdapters : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        Path file = folder.path() / "model.gguf";
        if (GetParam() == std::string_view("tiny"))
            testing::write_tiny_model(file);
        else
            file = testing::source_folder() / "tests/golden/families" / GetParam() / "model.gguf";
        ThreadPool pool(2);
        model = must(Model::load(must(Checkpoint::open(file)), Math::Fast, pool));
        first = adapter(1);
        second = adapter(2);
    }
    std::shared_ptr<const Adapter> adapter(uint64_t seed) {
        Path file = folder.path() / cat("adapter-", seed, ".gguf");
        testing::RandomAdapter random = testing::RandomAdapter::make(*model, 4, 1, seed);
        random.alpha = 8;
        random.write(file, model->config().architecture);
        return testing::load_adapter(file, model);
    }
    std::unique_ptr<Engine> engine(EngineOptions options = {}) {
        options.threads = 2;
        options.context = 256;
        return must(Engine::make(model, kernels_of(kernel_isas().back()), clock, options));
    }
    std::unique_ptr<TokenStream> submit(Engine& to, Tokens prompt, Adapters adapters,
                                        uint32_t tokens_max = 30) {
        return must(to.submit({.prompt = std::move(prompt),
                               .sampling = {.temperature = 0.7f, .seed = 3},
                               .tokens_max = tokens_max,
                               .end_tokens = {},
                               .adapters = std::move(adapters)}));
    }
    struct Answer {
        Tokens tokens;
        TokenEvent last;
        size_t cached() const { return last.stats.cached_tokens; }
    };
    Answer read(TokenStream& stream) {
        Answer answer;
        while (auto event = must(stream.next(cancel))) {
            if (event->token) answer.tokens.push_back(event->token->id);
            if (event->finish) answer.last = std::move(*event);
        }
        return answer;
    }
    Answer ask(Engine& of, const Tokens& prompt, Adapters adapters, uint32_t tokens_max = 30) {
        return read(*submit(of, prompt, std::move(adapters), tokens_max));
    }
    Tokens prompt(size_t size, uint64_t seed = 4) {
        Rng rng(seed);
        Tokens out(size);
        for (int32_t& token : out) token = static_cast<int32_t>(3 + rng.below(60));
        return out;
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    std::shared_ptr<const Model> model;
    std::shared_ptr<const Adapter> first, second;
};

TEST_P(EngineAdapters, PagesAreSharedOnlyUnderTheSameOnes) {
    const std::vector<Adapters> kinds = {
        {}, {{first, 1}}, {{second, 1}}, {{first, 0.5f}}, {{first, 1}, {second, 1}}};
    auto one = engine({.sequences_max = 8});  // whose pages are enough for all
    std::set<Tokens> answers;
    for (int round = 0; round < 2; round++) {
        for (const Adapters& kind : kinds) {
            Answer shared = ask(*one, prompt(70), kind), alone = ask(*engine(), prompt(70), kind);
            EXPECT_EQ(shared.tokens, alone.tokens);
            EXPECT_EQ(shared.cached(), round == 0 ? 0u : 64u);
            answers.insert(alone.tokens);
        }
    }
    EXPECT_EQ(answers.size(), kinds.size());
}

TEST_P(EngineAdapters, AScaleOfZeroIsNone) {
    auto one = engine();
    Answer plain = ask(*one, prompt(70), {}), zero = ask(*one, prompt(70), {{first, 0}});
    EXPECT_EQ(zero.tokens, plain.tokens);
    EXPECT_EQ(zero.cached(), 64u);
}

TEST_P(EngineAdapters, EachOfABatchHasItsOwn) {
    auto together = engine({.sequences_max = 8});
    std::vector<Adapters> kinds;
    std::vector<Tokens> prompts;
    std::vector<std::unique_ptr<TokenStream>> streams;
    for (uint64_t i = 0; i < 24; i++) {
        Adapters used;
        if (i % 3 == 1) used.push_back({first, static_cast<float>(i % 2) + 0.5f});
        if (i % 4 >= 2) used.push_back({second, 1});
        kinds.push_back(used);
        prompts.push_back(prompt(5 + i * 3, i % 5));
        streams.push_back(submit(*together, prompts.back(), used));
    }
    for (size_t i = 0; i < streams.size(); i++)
        EXPECT_EQ(read(*streams[i]).tokens, ask(*engine(), prompts[i], kinds[i]).tokens) << i;
}

TEST_P(EngineAdapters, GuessesChangeNoAnswer) {
    for (const Adapters& kind : {Adapters(), Adapters{{first, 1}}}) {
        Answer plain = ask(*engine({.speculation = {.lookup = Speculation::Lookup::Off}}),
                           prompt(40), kind, 100);
        Speculation lookup{.lookup = Speculation::Lookup::Always, .drafted_max = 4};
        EXPECT_EQ(ask(*engine({.speculation = lookup}), prompt(40), kind, 100).tokens,
                  plain.tokens);
        if (model->state_floats() > 0) continue;
        Speculation draft{.lookup = Speculation::Lookup::Off, .draft = model};
        Answer drafted = ask(*engine({.speculation = draft}), prompt(40), kind, 100);
        EXPECT_EQ(drafted.tokens, plain.tokens);
        EXPECT_GT(drafted.last.stats.drafted_tokens, 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, EngineAdapters, ::testing::Values("tiny", "mamba2", "qwen3moe"),
                         [](const auto& one) { return std::string(one.param); });

class EngineAdapterRules : public EngineAdapters {};

TEST_P(EngineAdapterRules, TheyAreOfItsModelAndCounted) {
    auto one = engine();
    SetUp();
    auto refused =
        one->submit({.prompt = {1, 2}, .sampling = {}, .end_tokens = {}, .adapters = {{first, 1}}});
    testing::expect_refused(refused, Code::Usage, "another model");
    auto two = engine();
    refused = two->submit(
        {.prompt = {1, 2}, .sampling = {}, .end_tokens = {}, .adapters = {{first, NAN}}});
    testing::expect_refused(refused, Code::Usage, "scale");
    EXPECT_EQ(engine({.adapter_bytes = 5000})->memory_bytes(), two->memory_bytes() + 5000);
    uint64_t room = two->memory_bytes() + model->checkpoint().file_bytes();
    EngineOptions options{.threads = 2, .context = 256, .memory_max = room};
    EXPECT_TRUE(Engine::make(model, kernels_of(kernel_isas().back()), clock, options));
    options.adapter_bytes = 1;
    testing::expect_refused(Engine::make(model, kernels_of(kernel_isas().back()), clock, options),
                            Code::NoFit, "needs");
}

TEST_P(EngineAdapterRules, RootsAreNeverOfAnother) {
    PagePool pages(1, 4);
    AdapterRoots roots;
    const Adapters used = {{first, 1}};
    uint64_t root = roots.root_of(used, pages);
    EXPECT_NE(root, 0u);
    EXPECT_EQ(roots.root_of(used, pages), root);
    EXPECT_EQ(roots.root_of({}, pages), 0u);
    std::set<uint64_t> seen = {root};
    for (size_t i = 0; i < AdapterRoots::roots_max; i++) {
        const Adapters other = {{second, static_cast<float>(i)}};
        EXPECT_TRUE(seen.insert(roots.root_of(other, pages)).second);
    }
    EXPECT_NE(roots.root_of(used, pages), root);  // forgotten
    for (int i = 0; i < 20; i++) {                // one where another was
        first.reset();
        first = adapter(1);
        const Adapters next = {{first, 1}};
        EXPECT_TRUE(seen.insert(roots.root_of(next, pages)).second);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, EngineAdapterRules, ::testing::Values("tiny"));

}  // namespace
}  // namespace linnet
