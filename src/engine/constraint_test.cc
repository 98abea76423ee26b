// Answers of a given form, from a model made for the test that knows nothing of forms.
#include "engine/constraint.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/grammar_constraint.h"
#include "engine/local_generator.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

class AnswerFormTest : public ::testing::Test {
  protected:
    void SetUp() override {
        Path file = folder.path() / "tiny.gguf";
        ASSERT_NO_FATAL_FAILURE(testing::write_tiny_model(file));
        generator = open({});
    }
    std::unique_ptr<LocalGenerator> open(EngineOptions options) {
        auto checkpoint = testing::must(Checkpoint::open(folder.path() / "tiny.gguf"));
        return testing::must(LocalGenerator::open(
            checkpoint, Math::Fast, kernels_of(kernel_isas().back()), clock, options));
    }
    struct Answer {
        std::string text;
        StopReason finish = StopReason::Cancelled;
        std::vector<TokenChoice> tokens;
        RunStats stats;
    };
    Answer ask(GenerationRequest request) { return ask(*generator, std::move(request)); }
    Answer ask(LocalGenerator& of, GenerationRequest request) {
        auto generation = testing::must(of.start(std::move(request)));
        Answer answer;
        while (auto event = testing::must(generation->next(cancel))) {
            for (const OutputEvent& part : event->parts) answer.text += part.text;
            if (event->token) answer.tokens.push_back(*event->token);
            if (event->finish) answer.finish = *event->finish, answer.stats = event->stats;
        }
        return answer;
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
    std::unique_ptr<LocalGenerator> generator;
};

TEST_F(AnswerFormTest, TheAnswerFitsAndEnds) {
    for (float temperature : {0.0f, 1.0f, 2.0f})
        for (uint64_t seed = 0; seed < 5; seed++) {
            Sampling sampling{.temperature = temperature, .seed = seed};
            Answer json = ask({.prompt = PlainPrompt{"x"},
                               .sampling = sampling,
                               .tokens_max = 60,
                               .form = JsonSchema{R"({"type":"object","properties":{"a":{"type":
                                 "integer"},"b":{"type":"string","maxLength":9}},
                                 "required":["a","b"]})"}});
            EXPECT_EQ(json.finish, StopReason::End) << json.text;
            Json value = testing::must(Json::parse(json.text));
            EXPECT_TRUE(value.find("a") && value.find("a")->as_int()) << json.text;
            EXPECT_TRUE(value.find("b") && value.find("b")->as_string()) << json.text;
            Answer choice = ask({.prompt = PlainPrompt{"x"},
                                 .sampling = sampling,
                                 .form = Gbnf{"root ::= \"yes\" | \"no\""}});
            EXPECT_TRUE(choice.text == "yes" || choice.text == "no") << choice.text;
            Answer digits = ask(
                {.prompt = PlainPrompt{"x"}, .sampling = sampling, .form = RegexText{"\\d{3}"}});
            EXPECT_EQ(digits.text.size(), 3u);
            EXPECT_EQ(digits.text.find_first_not_of("0123456789"), std::string::npos);
        }
}

// Log-probabilities need all logits; without them only those that may come are computed.
TEST_F(AnswerFormTest, LogitsThatAreNotComputedChangeNoAnswer) {
    for (uint64_t seed = 0; seed < 8; seed++) {
        for (const char* form : {"[0-9]{20}", "[ -~]{20}", "(yes|no|[x-z]{5})+"}) {
            auto text = [&](bool logprobs) {
                return ask({.prompt = PlainPrompt{"x"},
                            .sampling = {.temperature = 1.5f, .seed = seed},
                            .tokens_max = 25,
                            .logprobs = logprobs,
                            .form = RegexText{form}})
                    .text;
            };
            EXPECT_EQ(text(false), text(true)) << form;
        }
    }
}

TEST_F(AnswerFormTest, EveryWayToSampleKeepsToIt) {
    std::vector<Sampling> ways{{.temperature = 1, .mirostat_tau = 3},
                               {.top_k = 5, .temperature = 1},
                               {.typical_p = 0.5f, .temperature = 1},
                               {.xtc_probability = 1, .temperature = 1},
                               {.top_n_sigma = 1, .temperature = 1},
                               {.repetition_penalty = 5, .temperature = 0},
                               {.logit_bias = {{'x', 100.0f}}, .temperature = 0}};
    for (const Sampling& sampling : ways) {
        Answer answer =
            ask({.prompt = PlainPrompt{"x"}, .sampling = sampling, .form = RegexText{"[ab]{12}"}});
        EXPECT_EQ(answer.text.size(), 12u);
        EXPECT_EQ(answer.text.find_first_not_of("ab"), std::string::npos) << answer.text;
    }
}

// Names of a schema come several tokens a step, and the answer is what it would be without.
TEST_F(AnswerFormTest, WhatTheFormLeavesNoChoiceAboutIsGuessed) {
    auto plain = open({.speculation = {.lookup = Speculation::Lookup::Off}});
    size_t accepted = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        GenerationRequest request{
            .prompt = PlainPrompt{"x"},
            .sampling = {.temperature = 1, .seed = seed},
            .tokens_max = 200,
            .form = JsonSchema{R"({"type":"object","properties":{"a long name":{"type":"boolean"},
                "and another one":{"enum":["the first","the second"]}},
                "required":["a long name","and another one"],"additionalProperties":false})"}};
        Answer without = ask(*plain, request), with = ask(request);
        EXPECT_EQ(with.text, without.text);
        EXPECT_EQ(with.tokens.size(), without.tokens.size());
        EXPECT_EQ(without.stats.drafted_tokens, 0u);
        accepted += with.stats.accepted_tokens;
    }
    EXPECT_GT(accepted, 100u);
}

TEST_F(AnswerFormTest, LogProbabilitiesStayTheModels) {
    GenerationRequest request{.prompt = PlainPrompt{"x"}, .logprobs = true, .top_logprobs = 1};
    request.tokens_max = 1;
    Answer free = ask(request);
    request.form = RegexText{"[^ -~]"};
    request.tokens_max = 4;
    Answer held = ask(request);
    ASSERT_FALSE(held.tokens.empty());
    EXPECT_EQ(held.tokens[0].top[0].id, free.tokens[0].top[0].id);
    EXPECT_EQ(held.tokens[0].top[0].logprob, free.tokens[0].top[0].logprob);
    EXPECT_NE(held.tokens[0].id, free.tokens[0].id);
    EXPECT_LT(held.tokens[0].logprob, free.tokens[0].logprob);
}

TEST_F(AnswerFormTest, WrongFormsAreRefusedBeforeTheModelRuns) {
    auto refused = [&](AnswerForm form, std::string_view part, bool ignore_end = false) {
        testing::expect_refused(
            generator->start(
                {.prompt = PlainPrompt{"x"}, .ignore_end = ignore_end, .form = std::move(form)}),
            Code::Usage, part);
    };
    refused(JsonSchema{"{\"not\":{}}"}, "at '/not'");
    refused(Gbnf{"root ::= x"}, "never defined");
    refused(RegexText{"("}, "is not closed");
    refused(RegexText{"a"}, "a given form ends", true);
}

// A vocabulary of bytes, <think> and </think>.
TEST(GrammarConstraint, BeginsBehindTheReasoning) {
    std::vector<std::string> bytes;
    for (int byte = 0; byte < 256; byte++) bytes.push_back(std::string(1, static_cast<char>(byte)));
    std::vector<TokenTrie::Token> tokens;
    for (int byte = 0; byte < 256; byte++)
        tokens.push_back({bytes[static_cast<size_t>(byte)], byte});
    constexpr TokenId open = 256, close = 257, end = 258;
    auto trie = std::make_shared<TokenTrie>(tokens, 259, std::vector<TokenId>{end});
    Draft draft;
    RuleId root = draft.declare("root");
    draft.define(root, draft.literal("yes"));
    auto grammar = testing::must(TokenGrammar::make(testing::must(compile(draft, root)), trie));
    auto has = [](std::span<const uint64_t> words, TokenId id) {
        return (words[static_cast<size_t>(id) / 64] >> (id % 64) & 1) != 0;
    };

    GrammarConstraint may(grammar, {.open = open, .close = close, .close_text = "</think>"});
    EXPECT_TRUE(has(may.allowed(100), open) && has(may.allowed(100), 'y'));
    EXPECT_FALSE(has(may.allowed(100), 'n'));
    EXPECT_FALSE(has(may.allowed(4), open));  // no time to think
    may.accept(open);
    EXPECT_TRUE(has(may.allowed(100), 'n') && has(may.allowed(100), close));
    EXPECT_FALSE(has(may.allowed(100), end));
    may.accept('n');
    EXPECT_FALSE(has(may.allowed(4), 'n'));  // now the answer must come
    EXPECT_TRUE(has(may.allowed(4), close));
    may.accept(close);
    EXPECT_FALSE(has(may.allowed(100), 'n'));
    for (char c : std::string_view("yes")) may.accept(c);
    EXPECT_TRUE(may.is_done());

    GrammarConstraint inside(grammar, {.starts_inside = true, .close_text = "</think>"});
    for (char c : std::string_view("so</th</think>")) inside.accept(c);
    EXPECT_FALSE(has(inside.allowed(100), 'n'));
    EXPECT_TRUE(has(inside.allowed(100), 'y'));

    GrammarConstraint closed(grammar, {.starts_inside = true, .close_text = "</think>"});
    closed.accept('x');
    closed.begin_answer();
    EXPECT_FALSE(has(closed.allowed(100), 'x'));
}

}  // namespace
}  // namespace linnet
