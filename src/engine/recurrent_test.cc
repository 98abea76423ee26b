// Recurrent and hybrid models in the engine: what is taken from earlier sequences changes no
// answer.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/testing/data.h"
#include "base/testing/result.h"
#include "engine/engine.h"
#include "engine/text_encoder.h"
#include "kernels/select.h"

namespace linnet {
namespace {

using namespace linnet::testing;
using Tokens = std::vector<int32_t>;

class Recurrent : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        Path file = source_folder() / "tests/golden/families" / GetParam() / "model.gguf";
        ThreadPool pool(2);
        model = must(Model::load(must(Checkpoint::open(file)), Math::Fast, pool));
        ASSERT_GT(model->state_floats(), 0u);
    }

    std::unique_ptr<Engine> engine(size_t sequences_max = 1) {
        EngineOptions options{.threads = 2, .context = 512, .sequences_max = sequences_max};
        return must(Engine::make(model, kernels_of(kernel_isas().back()), clock, options));
    }

    struct Answer {
        Tokens tokens;
        size_t cached = 0;
    };
    std::unique_ptr<TokenStream> submit(Engine& to, Tokens prompt, uint32_t tokens_max = 40) {
        return must(to.submit({.prompt = std::move(prompt),
                               .sampling = {.temperature = 0},
                               .tokens_max = tokens_max,
                               .end_tokens = {}}));
    }
    Answer read(TokenStream& stream) {
        Answer answer;
        while (auto event = must(stream.next(cancel))) {
            if (event->token) answer.tokens.push_back(event->token->id);
            if (event->finish) answer.cached = event->stats.cached_tokens;
        }
        return answer;
    }
    Answer ask(Engine& of, Tokens prompt) { return read(*submit(of, std::move(prompt))); }

    Tokens random(size_t count) {
        Tokens out(count);
        for (int32_t& token : out) token = static_cast<int32_t>(3 + rng.below(64));
        return out;
    }
    static Tokens joined(Tokens a, const Tokens& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    }

    Rng rng{5};
    SystemClock clock;
    Cancel cancel;
    std::shared_ptr<const Model> model;
};

TEST_P(Recurrent, TheSamePromptGoesOnFromItsLastFullPage) {
    auto one = engine();
    Tokens prompt = random(100);
    Answer first = ask(*one, prompt), second = ask(*one, prompt);
    EXPECT_EQ(first.cached, 0u);
    EXPECT_EQ(second.cached, 96u);
    EXPECT_EQ(second.tokens, first.tokens);
}

TEST_P(Recurrent, AConversationGoesOnFromItsLastAnswer) {
    auto one = engine();
    Tokens prompt = random(50);
    Answer first = ask(*one, prompt);
    ASSERT_EQ(first.tokens.size(), 40u);
    Tokens next = joined(joined(prompt, first.tokens), random(9));
    Answer second = ask(*one, next);
    EXPECT_EQ(second.cached, 64u);
    EXPECT_EQ(second.tokens, ask(*engine(), next).tokens);
}

// The second of two that start alike finds out where they part; from then on that is known.
TEST_P(Recurrent, WhatManyPromptsStartWithIsComputedTwice) {
    auto one = engine();
    Tokens system = random(70);
    size_t cached[4];
    for (size_t i = 0; i < 4; i++) {
        Tokens prompt = joined(system, random(30 + i));
        Answer answer = ask(*one, prompt);
        EXPECT_EQ(answer.tokens, ask(*engine(), prompt).tokens) << i;
        cached[i] = answer.cached;
    }
    EXPECT_EQ(cached[0], 0u);
    EXPECT_EQ(cached[1], 0u);
    EXPECT_EQ(cached[2], 64u);
    EXPECT_EQ(cached[3], 64u);
}

TEST_P(Recurrent, AnswersAreTheSameAloneAndTogether) {
    std::vector<Tokens> prompts;
    Tokens shared = random(40);
    for (size_t i = 0; i < 24; i++)
        prompts.push_back(i % 3 == 0 ? random(1 + rng.below(90))
                                     : joined(shared, random(1 + rng.below(300))));
    auto together = engine(4);
    std::vector<std::unique_ptr<TokenStream>> streams;
    for (const Tokens& prompt : prompts) streams.push_back(submit(*together, prompt));
    for (size_t i = 0; i < prompts.size(); i++)
        EXPECT_EQ(read(*streams[i]).tokens, ask(*engine(), prompts[i]).tokens) << i;
}

// Whole texts, each from a fresh state, in pieces where they are longer than a batch.
TEST_P(Recurrent, StatesOfTextsAreTheSameAloneAndTogether) {
    auto encoder = must(TextEncoder::make(model, kernels_of(kernel_isas().back()), {.threads = 2}));
    std::vector<Tokens> texts = {random(20), random(700), random(1), random(100)};
    if (encoder->context() < 700) texts[1].resize(encoder->context());
    auto encode = [&](std::span<const Tokens> of) {
        std::vector<std::vector<float>> out(of.size());
        std::vector<EncoderText> inputs;
        for (const Tokens& text : of) inputs.push_back({.tokens = text});
        must(encoder->encode(inputs, cancel,
                             [&](size_t text, size_t first, std::span<const float> states) {
                                 EXPECT_EQ(out[text].size(), first * model->config().dim);
                                 out[text].insert(out[text].end(), states.begin(), states.end());
                             }));
        return out;
    };
    auto together = encode(texts);
    for (size_t i = 0; i < texts.size(); i++) {
        EXPECT_EQ(together[i].size(), texts[i].size() * model->config().dim);
        EXPECT_EQ(encode(std::span(texts).subspan(i, 1))[0], together[i]) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Tiny, Recurrent,
                         ::testing::Values("mamba2", "falcon-h1", "granitehybrid", "lfm2", "rwkv7"),
                         [](const auto& one) {
                             std::string name = one.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace linnet
