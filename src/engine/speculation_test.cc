#include "engine/speculation.h"

#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/draft_model.h"
#include "engine/local_generator.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;
using Tokens = std::vector<int32_t>;
using Lookup = Speculation::Lookup;

TEST(LookUp, FindsWhatFollowedTheLongestLatestMatch) {
    EXPECT_EQ(look_up(Tokens{1, 2, 3, 4, 5, 1, 2, 3}, 3, 2), (Tokens{4, 5}));
    EXPECT_EQ(look_up(Tokens{9, 1, 2, 5, 3, 1, 2, 6, 9, 1, 2}, 1, 1), (Tokens{5}));
    EXPECT_EQ(look_up(Tokens{1, 2, 5, 1, 2, 6, 1, 2}, 2, 1), (Tokens{6}));
    EXPECT_EQ(look_up(Tokens{1, 2, 3, 4, 1, 2}, 3, 4), Tokens());
    EXPECT_EQ(look_up(Tokens{1, 2, 3}, 1, 4), Tokens());
    EXPECT_EQ(look_up(Tokens{}, 1, 4), Tokens());
}

TEST(LookUp, GoesOnWithWhatRepeats) {
    EXPECT_EQ(look_up(Tokens{7, 1, 2, 1, 2}, 2, 5), (Tokens{1, 2, 1, 2, 1}));
    EXPECT_EQ(look_up(Tokens{4, 4, 4, 4}, 3, 3), (Tokens{4, 4, 4}));
}

TEST(DraftLength, RestsLongerTheLessComesTrue) {
    DraftLength length(8, true);
    EXPECT_EQ(length.next(), 8u);
    size_t guessed = 0;
    for (int step = 0; step < 1000; step++)
        if (size_t drafted = length.next()) {
            guessed += drafted;
            length.observe(drafted, 0);
        }
    EXPECT_LT(guessed, 60u);
    while (length.next() == 0) continue;
    length.observe(2, 2);
    EXPECT_EQ(length.next(), 8u);
    length.observe(8, 1);
    EXPECT_EQ(length.next(), 3u);
}

TEST(DraftLength, StaysWhereItDoesNotAdapt) {
    DraftLength length(5, false);
    for (int i = 0; i < 50; i++) {
        EXPECT_EQ(length.next(), 5u);
        length.observe(5, 0);
    }
}

class SpeculationTest : public ::testing::Test {
  protected:
    std::shared_ptr<const Model> tiny(testing::TinyModel how = {}, Math math = Math::Fast) {
        Path file = folder.path() / cat("tiny-", files_++, ".gguf");
        testing::write_tiny_model(file, how);
        ThreadPool pool(2);
        return must(Model::load(must(Checkpoint::open(file)), math, pool));
    }
    std::unique_ptr<Engine> engine(std::shared_ptr<const Model> model, Speculation speculation,
                                   size_t sequences_max = 1) {
        return must(Engine::make(std::move(model), kernels_of(kernel_isas().back()), clock,
                                 {.threads = 2,
                                  .context = 512,
                                  .sequences_max = sequences_max,
                                  .queue_max = 200,
                                  .speculation = std::move(speculation)}));
    }

    struct Answer {
        Tokens tokens;
        std::vector<float> logprobs;
        RunStats stats;
    };
    Answer read(TokenStream& stream) {
        Answer answer;
        while (auto event = must(stream.next(cancel))) {
            if (event->token) {
                answer.tokens.push_back(event->token->id);
                answer.logprobs.push_back(event->token->logprob);
            }
            if (event->finish) answer.stats = event->stats;
        }
        return answer;
    }
    Answer ask(Engine& of, const Tokens& prompt, const Sampling& sampling = {},
               uint32_t tokens_max = 60) {
        return read(*must(of.submit({.prompt = prompt,
                                     .sampling = sampling,
                                     .tokens_max = tokens_max,
                                     .end_tokens = {},
                                     .logprobs = true})));
    }

    // Random, and in parts said twice.
    Tokens prompt(size_t size) {
        Tokens out;
        while (out.size() < size) {
            if (out.size() > 8 && rng.below(2) == 0) {
                size_t from = rng.below(out.size() - 8);
                for (size_t i = 0; i < 8; i++) out.push_back(out[from + i]);
            } else {
                out.push_back(static_cast<int32_t>(rng.below(256)));
            }
        }
        return out;
    }

    // What the sampler remembers and draws would tell of every guess that it saw.
    static std::vector<Sampling> samplings() {
        Sampling warm{.temperature = 0.8f, .seed = 5}, picky = warm, steered = warm;
        picky.repetition_penalty = 1.2f;
        picky.dry_multiplier = 0.5f;
        picky.xtc_probability = 0.3f;
        picky.top_k = 40;
        steered.mirostat_tau = 3;
        return {Sampling{}, warm, picky, steered};
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    Rng rng{11};

  private:
    int files_ = 0;
};

TEST_F(SpeculationTest, LookingUpChangesNoAnswer) {
    auto model = tiny();
    auto plain = engine(model, {.lookup = Lookup::Off});
    auto adapts = engine(model, {.lookup = Lookup::Auto});
    auto always = engine(model, {.lookup = Lookup::Always, .drafted_max = 5});
    size_t drafted = 0, accepted = 0;
    for (const Sampling& sampling : samplings())
        for (int i = 0; i < 8; i++) {
            Tokens text = prompt(20 + rng.below(80));
            Answer expected = ask(*plain, text, sampling);
            EXPECT_EQ(expected.stats.drafted_tokens, 0u);
            for (Engine* other : {adapts.get(), always.get()}) {
                Answer answer = ask(*other, text, sampling);
                EXPECT_EQ(answer.tokens, expected.tokens);
                EXPECT_EQ(answer.logprobs, expected.logprobs);
                drafted += answer.stats.drafted_tokens;
                accepted += answer.stats.accepted_tokens;
            }
        }
    EXPECT_GT(accepted, 0u);
    EXPECT_LT(accepted, drafted);
}

TEST_F(SpeculationTest, ADraftModelChangesNoAnswer) {
    auto model = tiny(), other = tiny({.layers = 1, .seed = 2});
    auto plain = engine(model, {.lookup = Lookup::Off});
    auto guided = engine(model, {.lookup = Lookup::Off, .draft = other});
    for (const Sampling& sampling : samplings()) {
        Tokens text = prompt(50);
        Answer expected = ask(*plain, text, sampling), answer = ask(*guided, text, sampling);
        EXPECT_EQ(answer.tokens, expected.tokens);
        EXPECT_EQ(answer.logprobs, expected.logprobs);
    }
}

// The same model guesses itself, but for where it is not sure.
TEST_F(SpeculationTest, AGoodDraftModelIsAlwaysRight) {
    auto model = tiny();
    auto guided = engine(model, {.lookup = Lookup::Off, .drafted_max = 4, .draft = model});
    Tokens text = prompt(300);
    Answer answer = ask(*guided, text);
    EXPECT_GT(answer.stats.drafted_tokens, 0u);
    EXPECT_EQ(answer.stats.accepted_tokens, answer.stats.drafted_tokens);
    // And a second time, when the draft model knows the text.
    EXPECT_EQ(ask(*guided, text).tokens, answer.tokens);
}

TEST_F(SpeculationTest, TogetherAsAlone) {
    auto model = tiny();
    auto plain = engine(model, {.lookup = Lookup::Off});
    auto shared = engine(model, {.lookup = Lookup::Always, .draft = model}, 4);
    std::vector<Tokens> texts;
    std::vector<std::unique_ptr<TokenStream>> streams;
    for (int i = 0; i < 30; i++) {
        texts.push_back(prompt(10 + rng.below(60)));
        streams.push_back(must(shared->submit({.prompt = texts.back(),
                                               .sampling = {.temperature = 0.5f, .seed = 3},
                                               .tokens_max = 30,
                                               .end_tokens = {}})));
        if (rng.below(4) == 0) streams.back()->cancel();
    }
    for (size_t i = 0; i < texts.size(); i++) {
        Tokens got = read(*streams[i]).tokens;
        Tokens expected = ask(*plain, texts[i], {.temperature = 0.5f, .seed = 3}, 30).tokens;
        ASSERT_LE(got.size(), expected.size());
        expected.resize(got.size());  // of one that was cancelled
        EXPECT_EQ(got, expected) << i;
    }
}

TEST_F(SpeculationTest, AnswersEndWhereTheyWould) {
    auto model = tiny();
    auto plain = engine(model, {.lookup = Lookup::Off});
    auto always = engine(model, {.lookup = Lookup::Always});
    for (int i = 0; i < 20; i++) {
        Tokens text = prompt(40);
        Answer whole = ask(*plain, text, {}, 60);
        int32_t end = whole.tokens[10 + rng.below(40)];
        for (Engine* one : {plain.get(), always.get()}) {
            Answer cut = read(*must(one->submit(
                {.prompt = text, .sampling = {}, .tokens_max = 60, .end_tokens = {end}})));
            auto first = std::ranges::find(whole.tokens, end) - whole.tokens.begin();
            EXPECT_EQ(cut.tokens.size(), static_cast<size_t>(first) + 1);
        }
        // Up to the last place of the context.
        EXPECT_EQ(ask(*always, text, {}, 0).tokens, ask(*plain, text, {}, 0).tokens);
    }
}

TEST_F(SpeculationTest, ADraftModelSpeaksTheSameLanguage) {
    auto model = tiny(), alike = tiny({.seed = 3});
    EXPECT_TRUE(check_same_vocabulary(model->checkpoint(), alike->checkpoint()));
    auto other = tiny({.first_control = "<s>"});
    auto refused = check_same_vocabulary(model->checkpoint(), other->checkpoint());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Usage);
    EXPECT_EQ(refused.error().what,
              "the draft model has another vocabulary: its token 256 is '<s>', and the model's is "
              "'<|im_start|>'");
}

// The default model copies what it is told to edit.
TEST_F(SpeculationTest, EditingATextIsGuessedWell) {
    LINNET_MODEL_OR_SKIP(file);
    auto ask_with = [&](Lookup lookup, std::string& text) {
        auto generator = must(LocalGenerator::open(
            must(Checkpoint::open(file)), Math::Fast, kernels_of(kernel_isas().back()), clock,
            {.threads = 2, .context = 1024, .speculation = {.lookup = lookup}}));
        GenerationRequest request;
        request.tokens_max = 64;
        request.prompt = Conversation{
            {{.role = "user",
              .content = "Repeat this text word by word, and change only \"Ada\" to \"Eve\": Ada "
                         "walked down to the harbour, bought two loaves of bread and a lamp for "
                         "the cellar, and was home before the bells of the town rang for noon."}},
            Json(),
            {}};
        auto generation = must(generator->start(std::move(request)));
        RunStats stats;
        while (auto event = must(generation->next(cancel))) {
            for (const OutputEvent& part : event->parts) text += part.text;
            if (event->finish) stats = event->stats;
        }
        return stats;
    };
    std::string plain, guessed;
    ask_with(Lookup::Off, plain);
    RunStats stats = ask_with(Lookup::Auto, guessed);
    EXPECT_EQ(guessed, plain);
    EXPECT_GT(stats.accepted_tokens, 8u);
}

}  // namespace
}  // namespace linnet
