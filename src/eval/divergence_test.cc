#include "eval/divergence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "eval/perplexity.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct DivergenceTest : ::testing::Test {
    DivergenceTest() {
        Rng dice(3);
        for (int i = 0; i < 200; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    std::unique_ptr<Scorer> scorer(const testing::TinyModel& tiny, size_t threads = 2) {
        Path path = folder.path() / cat(tiny.seed, tiny.dtype, ".gguf");
        testing::write_tiny_model(path, tiny);
        auto model = must(Model::load(must(Checkpoint::open(path)), Math::F32, pool));
        return must(
            Scorer::make(model, kernels, {.threads = threads, .context = 64, .kv = KvType::F32}));
    }
    Divergence measure(Scorer& model, Scorer& reference) {
        return must(measure_divergence(model, reference, tokens, {}, progress, nobody));
    }
    testing::TemporaryFolder folder;
    ThreadPool pool{2};
    const Kernels& kernels = kernels_of(kernel_isas().back());
    std::vector<int32_t> tokens;
    NoProgress progress;
    Cancel nobody;
};

// As the definition has it, in double precision.
std::vector<double> by_definition(Scorer& model, Scorer& reference, Chunks& chunks) {
    Cancel nobody;
    std::vector<double> out;
    auto probabilities = [](std::span<const float> logits) {
        std::vector<double> p(logits.begin(), logits.end());
        double sum = 0;
        for (double& each : p) sum += each = std::exp(each);
        for (double& each : p) each /= sum;
        return p;
    };
    for (size_t i = 0; i < chunks.count(); i++) {
        auto chunk = chunks.at(i);
        auto m = must(model.logits(chunk, 0, chunk.size(), nobody));
        auto r = must(reference.logits(chunk, 0, chunk.size(), nobody));
        const size_t vocabulary = m.size() / chunk.size();
        for (size_t t = chunks.first_counted() - 1; t + 1 < chunk.size(); t++) {
            auto p = probabilities(r.subspan(t * vocabulary, vocabulary));
            auto q = probabilities(m.subspan(t * vocabulary, vocabulary));
            double sum = 0;
            for (size_t v = 0; v < vocabulary; v++) sum += p[v] * std::log(p[v] / q[v]);
            out.push_back(sum);
        }
    }
    return out;
}

TEST_F(DivergenceTest, IsThatOfTheDefinition) {
    auto model = scorer({.dtype = "q4_0"}), reference = scorer({.dtype = "f32"});
    Chunks chunks = must(Chunks::cut(tokens, 64, {}));
    auto expected = by_definition(*model, *reference, chunks);
    Divergence found = measure(*model, *reference);
    ASSERT_EQ(found.tokens, expected.size());
    EXPECT_EQ(found.chunks, 3u);
    double sum = 0, squares = 0;
    for (double each : expected) sum += each, squares += each * each;
    const auto count = static_cast<double>(expected.size());
    EXPECT_GT(found.mean, 1e-4);
    EXPECT_NEAR(found.mean, sum / count, 1e-5 + 1e-4 * found.mean);
    EXPECT_NEAR(found.standard_error,
                std::sqrt((squares / count - sum / count * (sum / count)) / (count - 1)),
                1e-3 * found.standard_error);
    std::ranges::sort(expected);
    EXPECT_NEAR(found.most, expected.back(), 1e-3 * found.most);
    EXPECT_NEAR(found.median, expected[expected.size() / 2], 1e-3);
    EXPECT_LE(found.median, found.p90);
    EXPECT_LE(found.p90, found.p99);
}

TEST_F(DivergenceTest, OfAModelFromItselfIsNothing) {
    auto model = scorer({.dtype = "f32"}), reference = scorer({.dtype = "f32"}, 1);
    Divergence found = measure(*model, *reference);
    EXPECT_LT(found.most, 1e-5);
    EXPECT_EQ(found.same_top, 1);
    Perplexity alone = must(measure_perplexity(*model, tokens, {}, progress, nobody));
    EXPECT_NEAR(found.perplexity, alone.value, 1e-4 * alone.value);
    EXPECT_NEAR(found.reference_perplexity, alone.value, 1e-4 * alone.value);
}

TEST_F(DivergenceTest, RefusesOtherVocabularies) {
    auto model = scorer({}), other = scorer({.seed = 2, .more_control = {"<|one|>"}});
    auto found = measure_divergence(*model, *other, tokens, {}, progress, nobody);
    testing::expect_refused(found, Code::Usage, "vocabularies of 259 and 260");
}

}  // namespace
}  // namespace linnet
