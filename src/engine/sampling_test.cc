#include "engine/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace linnet {
namespace {

// How often each token is chosen from the logits in `draws` draws.
std::map<int32_t, int> drawn(Sampling sampling, std::vector<float> logits,
                             std::vector<int32_t> history = {}, int draws = 20'000) {
    Sampler sampler(sampling, 0, false);
    std::map<int32_t, int> counts;
    for (int i = 0; i < draws; i++) {
        auto copy = logits;
        counts[sampler.choose(copy, history).id]++;
    }
    return counts;
}

std::vector<float> logits_of(std::initializer_list<double> probabilities) {
    std::vector<float> out;
    for (double p : probabilities) out.push_back(static_cast<float>(std::log(p)));
    return out;
}

TEST(Sampler, TemperatureZeroTakesTheMostLikely) {
    auto counts = drawn({.temperature = 0}, logits_of({0.3, 0.4, 0.3}), {}, 10);
    EXPECT_EQ(counts, (std::map<int32_t, int>{{1, 10}}));
}

TEST(Sampler, DrawsInProportion) {
    auto counts = drawn({.temperature = 1, .seed = 7}, logits_of({0.5, 0.3, 0.2}));
    EXPECT_NEAR(counts[0], 10'000, 300);
    EXPECT_NEAR(counts[1], 6'000, 300);
    auto hot = drawn({.temperature = 2, .seed = 7}, logits_of({0.8, 0.2}));
    EXPECT_NEAR(hot[0], 20'000 * 2.0 / 3, 300);  // sqrt(0.8) : sqrt(0.2) = 2 : 1
}

TEST(Sampler, TheSeedDecides) {
    auto logits = logits_of({0.4, 0.3, 0.2, 0.1});
    Sampler a({.temperature = 1, .seed = 3}, 0, false), b({.temperature = 1, .seed = 3}, 0, false);
    for (int i = 0; i < 100; i++) {
        auto la = logits, lb = logits;
        EXPECT_EQ(a.choose(la, {}).id, b.choose(lb, {}).id);
    }
}

TEST(Sampler, CutsKeepWhatTheySay) {
    auto logits = logits_of({0.05, 0.5, 0.25, 0.15, 0.05});
    auto keeps = [&](Sampling sampling, size_t tokens) {
        sampling.temperature = 1;
        EXPECT_EQ(drawn(sampling, logits).size(), tokens);
    };
    keeps({.top_k = 2}, 2);
    keeps({.top_p = 0.7f}, 2);
    keeps({.top_p = 0.8f}, 3);
    keeps({.min_p = 0.4f}, 2);
    keeps({.top_n_sigma = 0.5f}, 1);
    keeps({.typical_p = 0.2f}, 1);
    keeps({.top_k = 1000}, 5);
    EXPECT_EQ(drawn({.typical_p = 0.2f, .temperature = 1}, logits).begin()->first,
              2);  // -ln 0.25 is nearest the entropy
}

TEST(Sampler, XtcLeavesTheLeastOfTheLikely) {
    auto counts = drawn({.xtc_probability = 1, .xtc_threshold = 0.2f, .temperature = 1},
                        logits_of({0.5, 0.3, 0.2001, 0.0}));
    EXPECT_EQ(counts.size(), 1u);
    EXPECT_EQ(counts.begin()->first, 2);
}

TEST(Sampler, PenaltiesAndBiasMoveLogits) {
    std::vector<float> logits = {2, 1.9f, -1};
    EXPECT_EQ(drawn({.repetition_penalty = 1.2f}, logits, {0}, 1).begin()->first, 1);
    EXPECT_EQ(drawn({.frequency_penalty = 0.06f}, logits, {0, 0}, 1).begin()->first, 1);
    EXPECT_EQ(drawn({.frequency_penalty = 0.06f}, logits, {0}, 1).begin()->first, 0);
    EXPECT_EQ(drawn({.presence_penalty = 0.2f}, logits, {0}, 1).begin()->first, 1);
    EXPECT_EQ(
        drawn({.presence_penalty = 0.2f, .penalty_window = 1}, logits, {0, 2}, 1).begin()->first,
        0);
    EXPECT_EQ(drawn({.logit_bias = {{2, 5.0f}}}, logits, {}, 1).begin()->first, 2);
}

TEST(Sampler, DryBreaksRepetition) {
    // "1 2 3" stood before, and "1 2" stands at the end: 3 would repeat.
    std::vector<float> logits = {0, 0, 0, 1, 0.9f};
    EXPECT_EQ(drawn({}, logits, {1, 2, 3, 4, 1, 2}, 1).begin()->first, 3);
    EXPECT_EQ(drawn({.dry_multiplier = 0.8f}, logits, {1, 2, 3, 4, 1, 2}, 1).begin()->first, 4);
    EXPECT_EQ(drawn({.dry_multiplier = 0.8f, .dry_allowed = 3}, logits, {1, 2, 3, 4, 1, 2}, 1)
                  .begin()
                  ->first,
              3);
}

TEST(Sampler, ReportsTheModelsOwnLogprobs) {
    Sampler sampler({.logit_bias = {{0, 100.0f}}, .temperature = 0}, 2, true);
    auto logits = logits_of({0.1, 0.6, 0.3});
    TokenChoice choice = sampler.choose(logits, {});
    EXPECT_EQ(choice.id, 0);
    EXPECT_NEAR(choice.logprob, std::log(0.1), 1e-6);
    ASSERT_EQ(choice.top.size(), 2u);
    EXPECT_EQ(choice.top[0].id, 1);
    EXPECT_NEAR(choice.top[0].logprob, std::log(0.6), 1e-6);
    EXPECT_EQ(choice.top[1].id, 2);
}

TEST(Sampler, MirostatSteersSurprise) {
    std::vector<float> logits(1000);
    Rng rng(5);
    for (float& logit : logits) logit = static_cast<float>(rng.normal() * 2);
    Sampler sampler({.temperature = 1, .mirostat_tau = 4, .seed = 1}, 0, false);
    double surprise = 0, sum = 0;
    for (float logit : logits) sum += std::exp(logit);
    for (int i = 0; i < 2000; i++) {
        auto copy = logits;
        surprise -=
            std::log2(std::exp(logits[static_cast<size_t>(sampler.choose(copy, {}).id)]) / sum);
    }
    EXPECT_NEAR(surprise / 2000, 4, 1.5);
}

TEST(Sampling, SaysWhatIsOutOfRange) {
    auto bad = Sampling{.top_p = 1.5f}.validate();
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().what, "top_p is 1.5, not between 0 and 1");
    EXPECT_FALSE(Sampling{.temperature = std::nanf("")}.validate());
    EXPECT_TRUE(Sampling{}.validate());
}

}  // namespace
}  // namespace linnet
