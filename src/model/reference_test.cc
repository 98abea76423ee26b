// The default model against log-probabilities and greedy tokens that float32 arithmetic gave
// elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/cpus.h"
#include "base/json.h"
#include "base/testing/data.h"
#include "kernels/select.h"
#include "model/model.h"

namespace linnet {
namespace {

class Reference : public ::testing::Test {
  protected:
    void load(const Path& model_file, const Path& reference_file, Math math) {
        auto checkpoint = Checkpoint::open(model_file);
        ASSERT_TRUE(checkpoint) << checkpoint.error().what;
        auto loaded = Model::load(*checkpoint, math, pool);
        ASSERT_TRUE(loaded) << loaded.error().what;
        model = *loaded;
        auto text = read_file(reference_file, 1 << 26);
        ASSERT_TRUE(text);
        auto json = Json::parse(*text);
        ASSERT_TRUE(json);
        reference = *json;
        workspace.emplace(
            *model, kernels_of(kernel_isas().back()), pool,
            Workspace::Size{.tokens_max = 2048, .outputs_max = 2048, .context_max = 2048});
        pages.resize(64);
        std::iota(pages.begin(), pages.end(), 0u);
        ASSERT_NO_FATAL_FAILURE(take_cache(KvType::F32));
    }

    void take_cache(KvType type) {
        auto made = KvCache::make(model->kv_shapes(), pages.size(), type);
        ASSERT_TRUE(made);
        cache.emplace(std::move(*made));
    }

    std::span<const float> logits(std::span<const int32_t> tokens, uint32_t position, bool all) {
        linnet::Run run{.tokens = tokens, .position = position, .pages = pages, .all_logits = all};
        return model->forward({std::span(&run, 1)}, *cache, *workspace);
    }

    ThreadPool pool{cpu_budget().threads};
    std::shared_ptr<const Model> model;
    Json reference;
    std::optional<Workspace> workspace;
    std::optional<KvCache> cache;
    std::vector<uint32_t> pages;
};

std::vector<int32_t> integers(const Json& array) {
    std::vector<int32_t> out;
    for (const Json& item : *array.as_array()) out.push_back(static_cast<int32_t>(*item.as_int()));
    return out;
}

double log_softmax(std::span<const float> row, int32_t token) {
    float most = std::ranges::max(row);
    double sum = 0;
    for (float logit : row) sum += std::exp(static_cast<double>(logit) - most);
    return row[static_cast<size_t>(token)] - most - std::log(sum);
}

TEST_F(Reference, NextTokenLogprobsAreWithinOneThousandth) {
    LINNET_MODEL_OR_SKIP(model_file);
    LINNET_DATA_OR_SKIP(reference_file, "reference/smollm2-135m-instruct-q4_1.json");
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file, Math::F32));
    const size_t vocabulary = model->config().vocabulary;
    double worst = 0;
    size_t compared = 0;
    for (const auto& [name, expected] : *reference.find("cases")->as_object()) {
        auto ids = integers(*expected.find("ids"));
        auto rows = logits(ids, 0, true);
        const auto& logprobs = *expected.find("next_logprob")->as_array();
        for (size_t i = 0; i + 1 < ids.size(); i++, compared++) {
            double mine = log_softmax(rows.subspan(i * vocabulary, vocabulary), ids[i + 1]);
            worst = std::max(worst, std::abs(mine - *logprobs[i].as_double()));
        }
    }
    EXPECT_GT(compared, 100u);
    EXPECT_LE(worst, 1e-3) << "over " << compared << " tokens";
    RecordProperty("worst", std::to_string(worst));
}

TEST_F(Reference, GreedyTokensAreEqual) {
    LINNET_MODEL_OR_SKIP(model_file);
    LINNET_DATA_OR_SKIP(reference_file, "reference/smollm2-135m-instruct-q4_1.json");
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file, Math::F32));
    size_t compared = 0;
    for (const auto& [name, expected] : *reference.find("cases")->as_object()) {
        if (!expected.find("greedy64")) continue;
        auto ids = integers(*expected.find("ids"));
        auto greedy = integers(*expected.find("greedy64"));
        auto row = logits(ids, 0, false);
        auto position = static_cast<uint32_t>(ids.size());
        for (size_t i = 0; i < greedy.size(); i++) {
            auto chosen = static_cast<int32_t>(std::ranges::max_element(row) - row.begin());
            ASSERT_EQ(chosen, greedy[i]) << name << ", token " << i;
            compared++;
            row = logits(std::span(&chosen, 1), position++, false);
        }
    }
    EXPECT_GT(compared, 300u);
}

double divergence(std::span<const float> p, std::span<const float> q) {
    double p_most = std::ranges::max(p), q_most = std::ranges::max(q), p_sum = 0, q_sum = 0;
    for (size_t i = 0; i < p.size(); i++) {
        p_sum += std::exp(p[i] - p_most);
        q_sum += std::exp(q[i] - q_most);
    }
    double kl = 0;
    for (size_t i = 0; i < p.size(); i++) {
        double lp = p[i] - p_most - std::log(p_sum), lq = q[i] - q_most - std::log(q_sum);
        kl += std::exp(lp) * (lp - lq);
    }
    return kl;
}

// Guards, not goals: docs/kernels.md names the figures on running text beside the peer's.
TEST_F(Reference, FastArithmeticDivergesLittle) {
    LINNET_MODEL_OR_SKIP(model_file);
    LINNET_DATA_OR_SKIP(reference_file, "reference/smollm2-135m-instruct-q4_1.json");
    std::vector<std::vector<float>> exact;
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file, Math::F32));
    const size_t vocabulary = model->config().vocabulary;
    for (const auto& [name, expected] : *reference.find("cases")->as_object()) {
        auto rows = logits(integers(*expected.find("ids")), 0, true);
        exact.emplace_back(rows.begin(), rows.end());
    }
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file, Math::Fast));
    auto mean = [&](KvType kv) {
        take_cache(kv);
        double sum = 0;
        size_t tokens = 0, which = 0;
        for (const auto& [name, expected] : *reference.find("cases")->as_object()) {
            auto rows = logits(integers(*expected.find("ids")), 0, true);
            std::span<const float> oracle = exact[which++];
            for (size_t at = 0; at < rows.size(); at += vocabulary, tokens++)
                sum += divergence(oracle.subspan(at, vocabulary), rows.subspan(at, vocabulary));
        }
        double out = sum / static_cast<double>(tokens);
        RecordProperty(std::string(kv_type_name(kv)), std::to_string(out));
        std::printf("divergence with a cache of %s: %.5f over %zu tokens\n",
                    std::string(kv_type_name(kv)).c_str(), out, tokens);
        return out;
    };
    EXPECT_LE(mean(KvType::F32), 0.003);
    EXPECT_LE(mean(KvType::F16), 0.003);
    EXPECT_LE(mean(KvType::I16), 0.003);
    EXPECT_LE(mean(KvType::I8), 0.005);
}

TEST_F(Reference, FastArithmeticAgreesWhereTheMarginIsClear) {
    LINNET_MODEL_OR_SKIP(model_file);
    LINNET_DATA_OR_SKIP(reference_file, "reference/smollm2-135m-instruct-q4_1.json");
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file, Math::Fast));
    const size_t vocabulary = model->config().vocabulary;
    size_t compared = 0;
    for (const auto& [name, expected] : *reference.find("cases")->as_object()) {
        if (!expected.find("greedy64")) continue;
        auto ids = integers(*expected.find("ids"));
        auto greedy = integers(*expected.find("greedy64"));
        size_t prompt = ids.size();
        ids.insert(ids.end(), greedy.begin(), greedy.end() - 1);
        auto rows = logits(ids, 0, true);
        for (size_t i = 0; i < greedy.size(); i++) {
            if (*(*expected.find("greedy64_margin")->as_array())[i].as_double() <= 0.5) continue;
            auto row = rows.subspan((prompt - 1 + i) * vocabulary, vocabulary);
            EXPECT_EQ(std::ranges::max_element(row) - row.begin(), greedy[i])
                << name << ", token " << i;
            compared++;
        }
    }
    EXPECT_GT(compared, 100u);
}

}  // namespace
}  // namespace linnet
