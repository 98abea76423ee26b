#include "engine/context_shift.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/engine.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;
using Tokens = std::vector<int32_t>;

TEST(DropOldest, KeepsTheFirstAndTheLatest) {
    Tokens tokens(10);
    std::iota(tokens.begin(), tokens.end(), 0);
    EXPECT_EQ(drop_oldest(tokens, 2, 10), 0u);
    EXPECT_EQ(drop_oldest(tokens, 2, 9), 4u);
    EXPECT_EQ(tokens, (Tokens{0, 1, 6, 7, 8, 9}));
}

TEST(DropOldest, AlwaysMakesRoom) {
    for (size_t size = 1; size < 40; size++)
        for (size_t keep : {0, 1, 5, 100})
            for (size_t most = 1; most < 20; most++) {
                Tokens tokens(size, 1);
                size_t dropped = drop_oldest(tokens, keep, most);
                EXPECT_LE(tokens.size(), most);
                EXPECT_GE(tokens.size(), 1u);
                EXPECT_EQ(tokens.size() + dropped, size);
            }
}

class ContextShiftTest : public ::testing::Test {
  protected:
    std::unique_ptr<Engine> engine(Speculation speculation = {}, size_t sequences_max = 1) {
        if (!model) {
            Path file = folder.path() / "tiny.gguf";
            testing::write_tiny_model(file);
            ThreadPool pool(1);
            model = must(Model::load(must(Checkpoint::open(file)), Math::Fast, pool));
        }
        return must(Engine::make(model, kernels_of(kernel_isas().back()), clock,
                                 {.threads = 1,
                                  .context = 128,
                                  .sequences_max = sequences_max,
                                  .speculation = std::move(speculation)}));
    }
    struct Answer {
        Tokens tokens;
        FinishReason finish = FinishReason::Broken;
        RunStats stats;
    };
    Answer ask(Engine& of, Tokens prompt, uint32_t tokens_max, std::optional<uint32_t> keep) {
        auto stream = must(of.submit({.prompt = std::move(prompt),
                                      .sampling = {},
                                      .tokens_max = tokens_max,
                                      .end_tokens = {},
                                      .shift_keep = keep}));
        Answer answer;
        while (auto event = must(stream->next(cancel))) {
            if (event->token) answer.tokens.push_back(event->token->id);
            if (event->finish) {
                answer.finish = *event->finish;
                answer.stats = event->stats;
            }
        }
        return answer;
    }
    Tokens prompt(size_t size) {
        Rng rng(4);
        Tokens out(size);
        for (int32_t& token : out) token = static_cast<int32_t>(rng.below(256));
        return out;
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    std::shared_ptr<const Model> model;
};

TEST_F(ContextShiftTest, WithoutItAFullContextEndsTheAnswer) {
    auto one = engine();
    Answer answer = ask(*one, prompt(100), 300, {});
    EXPECT_EQ(answer.tokens.size(), 28u);
    EXPECT_EQ(answer.finish, FinishReason::Length);
    EXPECT_EQ(answer.stats.dropped_tokens, 0u);
}

// What comes behind a shift is what the tokens that stayed are answered with.
TEST_F(ContextShiftTest, GoesOnFromWhatStays) {
    auto one = engine();
    const Tokens start = prompt(100);
    Answer answer = ask(*one, start, 300, 10);
    ASSERT_EQ(answer.tokens.size(), 300u);
    EXPECT_GT(answer.stats.dropped_tokens, 0u);
    Tokens tokens = start;
    auto fresh = engine();
    size_t shifts = 0;
    for (size_t i = 0; i < 300; shifts++) {
        drop_oldest(tokens, 10, 127);
        Answer part = ask(*fresh, tokens, 0, {});
        for (size_t j = 0; j < part.tokens.size() && i < 300; i++, j++) {
            EXPECT_EQ(answer.tokens[i], part.tokens[j]) << i;
            tokens.push_back(part.tokens[j]);
        }
    }
    EXPECT_GT(shifts, 3u);
}

TEST_F(ContextShiftTest, MakesRoomForALongPrompt) {
    auto one = engine();
    Answer answer = ask(*one, prompt(1000), 5, 10);
    EXPECT_EQ(answer.tokens.size(), 5u);
    EXPECT_EQ(answer.stats.prompt_tokens + answer.stats.dropped_tokens, 1000u);
}

TEST_F(ContextShiftTest, GuessesAndCompanyChangeNothing) {
    auto plain = engine({.lookup = Speculation::Lookup::Off});
    auto guesses = engine({.lookup = Speculation::Lookup::Always}, 3);
    Tokens expected = ask(*plain, prompt(60), 400, 4).tokens;
    std::vector<std::unique_ptr<TokenStream>> company;
    for (int i = 0; i < 4; i++)
        company.push_back(must(guesses->submit({.prompt = prompt(60),
                                                .sampling = {},
                                                .tokens_max = 200,
                                                .end_tokens = {},
                                                .shift_keep = 7})));
    EXPECT_EQ(ask(*guesses, prompt(60), 400, 4).tokens, expected);
}

}  // namespace
}  // namespace linnet
