#include "eval/across_vocabularies.h"

#include <gtest/gtest.h>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "eval/perplexity.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

// Tiny models; those with more control tokens have the tokens of the others and some besides.
struct AcrossVocabularies : ::testing::Test {
    struct Opened {
        Checkpoint checkpoint;
        Tokenizer tokenizer;
        std::unique_ptr<Scorer> scorer;
        ReadingModel reading() const { return {*scorer, tokenizer}; }
    };
    Opened open(const testing::TinyModel& tiny) {
        Path path = folder.path() / cat(tiny.seed, "-", tiny.more_control.size(), ".gguf");
        testing::write_tiny_model(path, tiny);
        Checkpoint checkpoint = must(Checkpoint::open(path));
        auto model = must(Model::load(checkpoint, Math::F32, pool));
        auto scorer =
            must(Scorer::make(model, kernels, {.threads = 2, .context = 64, .kv = KvType::F32}));
        return {checkpoint, must(Tokenizer::from(checkpoint)), std::move(scorer)};
    }
    DivergenceAcross measure(const Opened& model, const Opened& reference) {
        return must(measure_divergence_across(model.reading(), reference.reading(), text, 0,
                                              progress, nobody));
    }
    AcrossVocabularies() {
        for (int i = 0; i < 40; i++) text += cat("the ", i * i, "th line; ");
    }
    testing::TemporaryFolder folder;
    ThreadPool pool{2};
    const Kernels& kernels = kernels_of(kernel_isas().back());
    std::string text;
    NoProgress progress;
    Cancel nobody;
};

TEST_F(AcrossVocabularies, OfOneVocabularyIsThePlainDivergence) {
    Opened one = open({.seed = 1}), two = open({.seed = 2});
    DivergenceAcross found = measure(one, two);
    auto tokens = one.tokenizer.encode(text);
    Divergence plain =
        must(measure_divergence(*one.scorer, *two.scorer, tokens, {}, progress, nobody));
    EXPECT_EQ(found.alike.tokens, plain.tokens);
    EXPECT_DOUBLE_EQ(found.share, 1);
    EXPECT_EQ(found.context_tokens, plain.tokens);
    EXPECT_NEAR(found.alike.mean, plain.mean, 1e-6);
    EXPECT_NEAR(found.context, plain.mean, 1e-6);
    EXPECT_NEAR(found.alike.perplexity, plain.perplexity, 1e-4);
}

TEST_F(AcrossVocabularies, OnlyCommonTokensCount) {
    // The same tokens and one more, whose logit takes no part: the reference's perplexity of the
    // others is lower than over all.
    Opened small = open({.seed = 1}), whole = open({.seed = 2, .more_control = {"<|more|>"}});
    DivergenceAcross found = measure(small, whole);
    EXPECT_DOUBLE_EQ(found.share, 1);
    auto tokens = whole.tokenizer.encode(text);
    const double all = must(measure_perplexity(*whole.scorer, tokens, {}, progress, nobody)).value;
    EXPECT_LT(found.alike.reference_perplexity, all);
    EXPECT_GT(found.alike.reference_perplexity, all * 0.9);
    expect_refused(
        measure_divergence_across(whole.reading(), small.reading(), text, 0, progress, nobody),
        Code::Usage, "<|more|>");
}

TEST_F(AcrossVocabularies, RefusesTextsThatAreTooShort) {
    Opened one = open({.seed = 1});
    expect_refused(
        measure_divergence_across(one.reading(), one.reading(), "short", 0, progress, nobody),
        Code::Usage, "no chunk of 64");
    expect_refused(measure_divergence_across(one.reading(), one.reading(), "", 0, progress, nobody),
                   Code::Usage, "no chunk of 64");
}

}  // namespace
}  // namespace linnet
