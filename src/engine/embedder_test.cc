// Vectors and scores from text, against those of another implementation with its own tokenizer
// (tests/golden/make_embeddings.py).
#include "engine/embedder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/reranker.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using namespace linnet::testing;

const Kernels& kernels() {
    return kernels_of(kernel_isas().back());
}

Path family(std::string_view name) {
    return source_folder() / "tests/golden/families" / name;
}

Json golden(std::string_view name) {
    Path file = source_folder() / "tests/golden/embeddings" / cat(name, ".json");
    return must(Json::parse(must(read_file(file, 1 << 20))));
}

std::vector<std::string> texts_of(const Json& list) {
    std::vector<std::string> out;
    for (const Json& text : *list.as_array()) out.push_back(*text.as_string());
    return out;
}

double cosine(std::span<const float> a, std::span<const float> b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); i++) {
        ab += double{a[i]} * b[i];
        aa += double{a[i]} * a[i];
        bb += double{b[i]} * b[i];
    }
    return ab / std::sqrt(aa * bb);
}

double length(std::span<const float> a) {
    return std::sqrt(std::inner_product(a.begin(), a.end(), a.begin(), 0.0));
}

// The largest difference of any value of any vector.
double worst(std::span<const Embedding> got, const Json& expected) {
    double most = 0;
    for (size_t i = 0; i < got.size(); i++)
        for (size_t d = 0; d < got[i].values.size(); d++)
            most =
                std::max(most, std::abs(*(*expected.as_array())[i].as_array()->at(d).as_double() -
                                        double{got[i].values[d]}));
    return most;
}

std::vector<float> values(Embedder& embedder, const std::string& text, EmbedOptions options = {}) {
    return must(embedder.embed({&text, 1}, options, Cancel()))[0].values;
}

class EmbedderTest : public ::testing::Test {
  protected:
    std::unique_ptr<Embedder> open(const Path& path, TextEncoderOptions options = {.threads = 2}) {
        auto checkpoint = must(Checkpoint::open(path));
        return must(Embedder::open(checkpoint, Math::F32, kernels(), options));
    }
    Cancel cancel;
    TemporaryFolder folder;
};

TEST_F(EmbedderTest, GivesTheReferenceVectors) {
    auto embedder = open(family("bert"));
    Json expected = golden("bert");
    auto texts = texts_of(*expected.find("texts"));
    for (Pooling pooling : {Pooling::Mean, Pooling::Cls}) {
        auto got = must(embedder->embed(texts, {.pooling = pooling}, cancel));
        EXPECT_LE(worst(got, *expected.find(pooling_name(pooling))), 1e-6) << pooling_name(pooling);
    }
    EXPECT_EQ(embedder->style().pooling, Pooling::Mean);
}

TEST_F(EmbedderTest, GivesTheReferenceVectorsOfARealModel) {
    const Path model = embedding_model();
    if (!std::filesystem::exists(model))
        GTEST_SKIP() << model << " is absent; get it with: linnet pull all-minilm-l6-v2";
    auto embedder = open(model);
    EXPECT_EQ(embedder->style().pooling, Pooling::Mean);
    EXPECT_EQ(embedder->style().tokens_max, 256u);
    Json expected = golden("all-minilm-l6-v2");
    auto texts = texts_of(*expected.find("texts"));
    auto got = must(embedder->embed(texts, {}, cancel));
    EXPECT_LE(worst(got, *expected.find("mean")), 1e-6);
    EXPECT_GT(cosine(got[0].values, got[1].values), 0.5);
    EXPECT_LT(cosine(got[0].values, got[2].values), 0.2);
}

TEST_F(EmbedderTest, AnyModelWillDoAndCompanyChangesNothing) {
    ASSERT_NO_FATAL_FAILURE(write_tiny_model(folder.path() / "tiny.gguf"));
    Rng rng(3);
    // Longer than a batch, so that some come in pieces; short ones, and none at all.
    std::vector<std::string> texts;
    std::vector<size_t> sizes = {0, 1, 30, 400, 509, 5, 64, 300};
    sizes.resize(100, 3);  // more than are held in memory together
    for (size_t size : sizes) {
        texts.emplace_back();
        for (size_t i = 0; i < size; i++) texts.back() += static_cast<char>('a' + rng.below(26));
    }
    for (Pooling pooling : {Pooling::Mean, Pooling::Cls, Pooling::Last}) {
        auto embedder = open(folder.path() / "tiny.gguf");
        auto together = must(embedder->embed(texts, {.pooling = pooling}, cancel));
        for (size_t i = 0; i < texts.size(); i++) {
            EXPECT_EQ(values(*embedder, texts[i], {.pooling = pooling}), together[i].values) << i;
            EXPECT_NEAR(length(together[i].values), 1, 1e-6);
        }
    }
    EXPECT_EQ(open(folder.path() / "tiny.gguf")->style().pooling, Pooling::Last);
}

TEST_F(EmbedderTest, PiecesOfALongTextMakeOneVector) {
    // 1,200 tokens are three pieces for a decoder.
    ASSERT_NO_FATAL_FAILURE(write_tiny_model(folder.path() / "tiny.gguf", {.context = 2048}));
    auto embedder = open(folder.path() / "tiny.gguf");
    std::string text(1200, 'x'), shorter(1100, 'x');
    auto mean = values(*embedder, text, {.pooling = Pooling::Mean});
    auto last = values(*embedder, text, {.pooling = Pooling::Last});
    EXPECT_NE(mean, last);
    EXPECT_NE(values(*embedder, shorter, {.pooling = Pooling::Last}), last);
    EXPECT_EQ(values(*embedder, text, {.pooling = Pooling::Cls}),
              values(*embedder, shorter, {.pooling = Pooling::Cls}));
}

TEST_F(EmbedderTest, CutsWhatIsTooLongAndSaysSo) {
    auto embedder = open(family("bert"));
    std::string text;
    for (int i = 0; i < 100; i++) text += "cab ";
    auto cut = must(embedder->embed({&text, 1}, {}, cancel));
    EXPECT_TRUE(cut[0].cut);
    EXPECT_EQ(cut[0].tokens, 64u);
    // The mark behind the text stays: 62 words between the marks.
    EXPECT_EQ(values(*embedder, text.substr(0, size_t{62} * 4)), cut[0].values);
}

TEST_F(EmbedderTest, OptionsShapeTheVectors) {
    auto embedder = open(family("bert"));
    std::string text = "a bad cab";
    auto whole = values(*embedder, text), plain = values(*embedder, text, {.normalize = false});
    EXPECT_NE(plain, whole);
    EXPECT_NEAR(cosine(plain, whole), 1, 1e-6);
    auto first = values(*embedder, text, {.dimensions = 8});
    ASSERT_EQ(first.size(), 8u);
    EXPECT_NEAR(length(first), 1, 1e-6);
    EXPECT_NEAR(cosine(first, std::span(whole).first(8)), 1, 1e-6);
    auto refused = embedder->embed({&text, 1}, {.dimensions = 33}, cancel);
    expect_refused(refused, Code::Usage, "");
    refused = embedder->embed({&text, 1}, {.role = TextRole::Query}, cancel);
    expect_refused(refused, Code::Usage, "");
    Cancel cancelled;
    cancelled.request();
    EXPECT_FALSE(embedder->embed({&text, 1}, {}, cancelled));
}

// What sentence-transformers writes beside a model.
TEST_F(EmbedderTest, FollowsTheModulesOfAFolder) {
    auto write = [&](const Path& name, std::string_view text) {
        std::filesystem::create_directories((folder.path() / name).parent_path());
        ASSERT_TRUE(write_file_atomic(folder.path() / name, text));
    };
    for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"})
        std::filesystem::copy_file(family("bert") / name, folder.path() / name);
    write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true})");
    write("config_sentence_transformers.json",
          R"({"prompts": {"query": "the ", "passage": "bad "}})");
    write("sentence_bert_config.json", R"({"max_seq_length": 6})");
    write("modules.json", R"([{"type": "sentence_transformers.models.Transformer"},
        {"type": "sentence_transformers.models.Pooling"},
        {"type": "sentence_transformers.models.Normalize"}])");
    auto embedder = open(folder.path());
    EXPECT_EQ(embedder->style().pooling, Pooling::Cls);
    EXPECT_EQ(values(*embedder, "cab", {.role = TextRole::Query}), values(*embedder, "the cab"));
    EXPECT_EQ(values(*embedder, "cab", {.role = TextRole::Document}), values(*embedder, "bad cab"));
    EXPECT_EQ(values(*embedder, "cab cab cab cab cab"), values(*embedder, "cab cab cab cab"));
    write("modules.json", R"([{"type": "sentence_transformers.models.Dense"}])");
    auto refused = Embedder::open(must(Checkpoint::open(folder.path())), Math::F32, kernels(), {});
    expect_refused(refused, Code::Unsupported, "");
}

TEST_F(EmbedderTest, FollowsTheMetadataOfAFile) {
    auto file = must(Checkpoint::open(family("bert") / "model.gguf"));
    ThreadPool pool(1);
    auto model = must(Model::load(file, Math::F32, pool));
    EXPECT_EQ(must(EmbeddingStyle::read(file, *model)).pooling, Pooling::Cls);
}

TEST_F(EmbedderTest, RanksAsTheReference) {
    Json expected = golden("bert");
    auto reranker = must(Reranker::open(must(Checkpoint::open(family("bert"))), Math::F32,
                                        kernels(), {.threads = 2}));
    const Json::Array& pairs = *expected.find("pairs")->as_array();
    for (size_t i = 0; i < pairs.size(); i++) {
        auto pair = texts_of(pairs[i]);
        auto ranks = must(reranker->rank(pair[0], {&pair[1], 1}, cancel));
        double logit = *(*expected.find("logits")->as_array())[i].as_double();
        EXPECT_NEAR(ranks[0].logit, logit, 2e-6) << i;
        EXPECT_NEAR(ranks[0].score, 1 / (1 + std::exp(-logit)), 2e-6) << i;
    }
    std::string words;
    for (int i = 0; i < 70; i++) words += "cab ";
    EXPECT_TRUE(must(reranker->rank("a", {&words, 1}, cancel))[0].cut);
    auto refused = reranker->rank(words, {&words, 1}, cancel);
    expect_refused(refused, Code::NoFit, "");
}

TEST_F(EmbedderTest, RefusesWhatItCannotDo) {
    ASSERT_NO_FATAL_FAILURE(write_tiny_model(folder.path() / "tiny.gguf"));
    auto tiny = must(Checkpoint::open(folder.path() / "tiny.gguf"));
    auto reranker = Reranker::open(tiny, Math::F32, kernels(), {});
    expect_refused(reranker, Code::Unsupported, "");
    auto large = Embedder::open(tiny, Math::F32, kernels(), {.memory_max = 1000});
    expect_refused(large, Code::NoFit, "");
}

}  // namespace
}  // namespace linnet
