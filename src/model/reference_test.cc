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
    void load(const Path& model_file, const Path& reference_file) {
        auto checkpoint = Checkpoint::open(model_file);
        ASSERT_TRUE(checkpoint) << checkpoint.error().what;
        auto loaded = Model::load(*checkpoint);
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
        auto made = KvCache::make(model->kv_shapes(), 64, KvType::F32);
        ASSERT_TRUE(made);
        cache.emplace(std::move(*made));
        pages.resize(64);
        std::iota(pages.begin(), pages.end(), 0u);
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
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file));
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
    ASSERT_NO_FATAL_FAILURE(load(model_file, reference_file));
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

}  // namespace
}  // namespace linnet
