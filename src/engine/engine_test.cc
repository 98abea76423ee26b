#include "engine/engine.h"

#include <gtest/gtest.h>

#include <map>

#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

class EngineTest : public ::testing::Test {
  protected:
    void load(Math math = Math::Fast, const char* dtype = "q8_0") {
        Path file = folder.path() / "tiny.gguf";
        ASSERT_NO_FATAL_FAILURE(testing::write_tiny_model(file, {.dtype = dtype}));
        auto checkpoint = Checkpoint::open(file);
        ASSERT_TRUE(checkpoint) << checkpoint.error().what;
        ThreadPool pool(2);
        auto loaded = Model::load(*checkpoint, math, pool);
        ASSERT_TRUE(loaded) << loaded.error().what;
        model = *loaded;
    }
    std::unique_ptr<Engine> engine(EngineOptions options) {
        auto made = Engine::make(model, kernels_of(kernel_isas().back()), clock, options);
        EXPECT_TRUE(made) << made.error().what;
        return std::move(*made);
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    std::shared_ptr<const Model> model;
};

std::vector<int32_t> random_prompt(Rng& rng, size_t longest) {
    std::vector<int32_t> prompt(1 + rng.below(longest));
    for (int32_t& token : prompt) token = static_cast<int32_t>(rng.below(256));
    return prompt;
}

struct Answer {
    std::vector<int32_t> tokens;
    FinishReason finish = FinishReason::Broken;
    RunStats stats;
};

Answer read(TokenStream& stream, const Cancel& cancel) {
    Answer answer;
    for (;;) {
        auto event = stream.next(cancel);
        EXPECT_TRUE(event) << event.error().what;
        if (!event || !*event) return answer;
        if ((*event)->token) answer.tokens.push_back((*event)->token->id);
        if ((*event)->finish) {
            answer.finish = *(*event)->finish;
            answer.stats = (*event)->stats;
        }
    }
}

Answer ask(Engine& engine, std::vector<int32_t> prompt, uint32_t tokens_max, const Cancel& cancel) {
    auto stream = engine.submit(
        {.prompt = std::move(prompt), .sampling = {}, .tokens_max = tokens_max, .end_tokens = {}});
    EXPECT_TRUE(stream) << stream.error().what;
    return stream ? read(**stream, cancel) : Answer{};
}

TEST_F(EngineTest, AnswersAndCounts) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 2});
    Answer answer = ask(*one, {1, 2, 3}, 10, cancel);
    EXPECT_EQ(answer.tokens.size(), 10u);
    EXPECT_EQ(answer.finish, FinishReason::Length);
    EXPECT_EQ(answer.stats.prompt_tokens, 3u);
    EXPECT_EQ(answer.stats.answer_tokens, 10u);
}

TEST_F(EngineTest, StopsAtAnEndToken) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1});
    Answer whole = ask(*one, {5, 6}, 20, cancel);
    auto stream = one->submit(
        {.prompt = {5, 6}, .sampling = {}, .tokens_max = 20, .end_tokens = {whole.tokens[4]}});
    ASSERT_TRUE(stream);
    Answer cut = read(**stream, cancel);
    EXPECT_EQ(cut.finish, FinishReason::End);
    EXPECT_EQ(cut.tokens.back(), whole.tokens[4]);
    EXPECT_LE(cut.tokens.size(), 5u);
}

TEST_F(EngineTest, RefusesWhatCannotWork) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1, .context = 64});
    auto code = [&](std::vector<int32_t> prompt) {
        auto stream = one->submit({.prompt = std::move(prompt), .sampling = {}, .end_tokens = {}});
        return stream ? Code::Bug : stream.error().code;
    };
    EXPECT_EQ(code({}), Code::Usage);
    EXPECT_EQ(code({-1}), Code::Usage);
    EXPECT_EQ(code({259}), Code::Usage);
    EXPECT_EQ(code(std::vector<int32_t>(64, 1)), Code::NoFit);
    auto too_long = Engine::make(model, kernels_of(Isa::Scalar), clock, {.context = 1024});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, Code::Usage);
    auto too_big = Engine::make(model, kernels_of(Isa::Scalar), clock,
                                {.context = 512, .memory_max = 300'000});
    ASSERT_FALSE(too_big);
    EXPECT_EQ(too_big.error().code, Code::NoFit);
}

TEST_F(EngineTest, TakesKnownPrefixesFromTheCache) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1});
    Rng rng(3);
    std::vector<int32_t> prompt(100);
    for (int32_t& token : prompt) token = static_cast<int32_t>(rng.below(256));
    Answer first = ask(*one, prompt, 8, cancel), second = ask(*one, prompt, 8, cancel);
    EXPECT_EQ(first.stats.cached_tokens, 0u);
    EXPECT_EQ(second.stats.cached_tokens, 96u);
    EXPECT_EQ(first.tokens, second.tokens);
}

// What a request answers does not depend on what shares its batch, on its order, or on what came
// from the cache.
TEST_F(EngineTest, AnswersAreTheSameAloneAndTogether) {
    for (Math math : {Math::Fast, Math::F32}) {
        ASSERT_NO_FATAL_FAILURE(load(math));
        Rng rng(17);
        std::vector<std::vector<int32_t>> prompts;
        for (int i = 0; i < 100; i++) {
            auto prompt = random_prompt(rng, 90);
            // Every third shares its beginning with an earlier one.
            if (i % 3 == 2) {
                auto head = prompts[rng.below(prompts.size())];
                head.insert(head.end(), prompt.begin(), prompt.end());
                prompt = std::move(head);
            }
            prompt.resize(std::min<size_t>(prompt.size(), 200));
            prompts.push_back(std::move(prompt));
        }
        std::map<std::vector<int32_t>, std::vector<int32_t>> alone;
        for (auto& prompt : prompts) {
            auto fresh = engine({.threads = 1,
                                 .context = 256,
                                 .speculation = {.lookup = Speculation::Lookup::Off}});
            alone[prompt] = ask(*fresh, prompt, 12, cancel).tokens;
        }
        auto shared = engine({.threads = 2,
                              .context = 256,
                              .sequences_max = 5,
                              .queue_max = 200,
                              .batch_tokens_max = 48});
        std::vector<std::pair<size_t, std::unique_ptr<TokenStream>>> streams;
        for (size_t i = 0; i < prompts.size(); i++) {
            auto stream = shared->submit(
                {.prompt = prompts[i], .sampling = {}, .tokens_max = 12, .end_tokens = {}});
            ASSERT_TRUE(stream) << stream.error().what;
            if (rng.below(5) == 0) {
                (*stream)->cancel();
                continue;
            }
            streams.emplace_back(i, std::move(*stream));
        }
        for (auto& [i, stream] : streams)
            EXPECT_EQ(read(*stream, cancel).tokens, alone[prompts[i]]) << "prompt " << i;
    }
}

TEST_F(EngineTest, ASlowReaderStopsNobodyElse) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto two = engine({.threads = 1, .sequences_max = 2});
    auto slow = two->submit({.prompt = {1}, .sampling = {}, .tokens_max = 400, .end_tokens = {}});
    ASSERT_TRUE(slow);
    EXPECT_EQ(ask(*two, {2}, 400, cancel).tokens.size(), 400u);
    EXPECT_EQ(read(**slow, cancel).tokens.size(), 400u);
}

TEST_F(EngineTest, BoundsItsQueue) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1, .sequences_max = 1, .queue_max = 2});
    std::vector<std::unique_ptr<TokenStream>> streams;
    Code refused = Code::Bug;
    for (int i = 0; i < 8; i++) {
        auto stream =
            one->submit({.prompt = {1, 2}, .sampling = {}, .tokens_max = 400, .end_tokens = {}});
        if (stream)
            streams.push_back(std::move(*stream));
        else
            refused = stream.error().code;
    }
    EXPECT_EQ(refused, Code::Busy);
    for (auto& stream : streams) EXPECT_EQ(read(*stream, cancel).tokens.size(), 400u);
}

TEST_F(EngineTest, CancelEndsAStreamAndFreesItsPlace) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1});
    auto stream = one->submit({.prompt = {1}, .sampling = {}, .tokens_max = 500, .end_tokens = {}});
    ASSERT_TRUE(stream);
    ASSERT_TRUE((*stream)->next(cancel));
    (*stream)->cancel();
    EXPECT_EQ(read(**stream, cancel).finish, FinishReason::Cancelled);
    EXPECT_EQ(ask(*one, {2}, 5, cancel).tokens.size(), 5u);
    Cancel now;
    now.request();
    auto other = one->submit({.prompt = {1}, .sampling = {}, .tokens_max = 500, .end_tokens = {}});
    ASSERT_TRUE(other);
    bool interrupted = false;
    for (int i = 0; i < 600 && !interrupted; i++) {
        auto event = (*other)->next(now);
        interrupted = !event && event.error().code == Code::Interrupted;
    }
    EXPECT_TRUE(interrupted);
}

TEST_F(EngineTest, EndsItsStreamsWhenItGoes) {
    ASSERT_NO_FATAL_FAILURE(load());
    auto one = engine({.threads = 1});
    auto running =
        one->submit({.prompt = {1}, .sampling = {}, .tokens_max = 500, .end_tokens = {}});
    auto waiting =
        one->submit({.prompt = {1}, .sampling = {}, .tokens_max = 500, .end_tokens = {}});
    ASSERT_TRUE(running && waiting);
    one.reset();
    EXPECT_EQ(read(**waiting, cancel).finish, FinishReason::Cancelled);
}

}  // namespace
}  // namespace linnet
