// Encoders on tiny models with random weights against the states and scores that another
// implementation computed in float32 (tests/golden/make_families.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

class EachEncoder : public ::testing::TestWithParam<std::tuple<const char*, bool>> {
  protected:
    void SetUp() override {
        auto [name, gguf] = GetParam();
        Path folder = family_folder(name);
        golden = read_golden(folder / "golden.safetensors");
        extra = read_encoder_golden(folder / "golden.safetensors");
        ASSERT_EQ(golden.size(), extra.size());
        path = folder / (gguf ? "model.gguf" : "model.safetensors");
    }

    // The largest distance of any state or score, with texts one by one or together.
    double worst(const Model& model, const Kernels& kernels, bool together) {
        constexpr uint32_t context = 64;
        constexpr size_t pages = context / KvCache::page_tokens;
        Workspace workspace(model, kernels, pool, {.tokens_max = 256, .context_max = context});
        auto cache = must(KvCache::make(model.kv_shapes(), pages * golden.size(), KvType::F32));
        std::vector<uint32_t> own(pages * golden.size());
        std::iota(own.rbegin(), own.rend(), 0u);
        double most = 0;
        for (size_t first = 0; first < golden.size();) {
            size_t count = together ? golden.size() : 1;
            std::vector<linnet::Run> runs;
            for (size_t i = first; i < first + count; i++)
                runs.push_back({.tokens = golden[i].ids,
                                .pages = std::span(own).subspan(i * pages, pages),
                                .types = extra[i].types});
            auto states = model.encode({runs}, cache, workspace);
            for (size_t i = first; i < first + count; i++) {
                most = std::max(most, worst_of(model, kernels, i, states));
                states = states.subspan(golden[i].ids.size() * model.config().dim);
            }
            first += count;
        }
        return most;
    }

    double worst_of(const Model& model, const Kernels& kernels, size_t text,
                    std::span<const float> states) {
        const size_t dim = model.config().dim;
        double most = 0;
        for (size_t t = 0; t < golden[text].ids.size(); t++) {
            auto row = states.subspan(t * dim, dim);
            most = std::max(most, distance({row.begin(), row.end()}, golden[text].logits[t]));
        }
        if (extra[text].scores.empty()) return most;
        // A score may be near zero, so its error counts by itself.
        float score = model.classify(kernels, states.first(dim))[0];
        return std::max(most, std::abs(double{score} - double{extra[text].scores[0]}));
    }

    ThreadPool pool{2};
    Path path;
    std::vector<Golden> golden;
    std::vector<EncoderGolden> extra;
};

TEST_P(EachEncoder, StatesAreTheReferenceAloneAndInBatches) {
    auto model = must(Model::load(must(Checkpoint::open(path)), Math::F32, pool));
    EXPECT_FALSE(model->predicts());
    EXPECT_EQ(model->kv_shapes().size(), 1u);
    for (Isa isa : kernel_isas()) {
        const Kernels& kernels = kernels_of(isa);
        EXPECT_LE(worst(*model, kernels, false), 1e-5) << kernels.name;
        EXPECT_LE(worst(*model, kernels, true), 1e-5) << kernels.name;
    }
}

// Rows that are whole blocks are packed; the states stay near.
TEST_P(EachEncoder, FastArithmeticIsClose) {
    TemporaryFolder folder;
    if (path.extension() != ".gguf") path = path.parent_path() / "model.gguf";
    write_quantized(path, folder.path() / "model.gguf");
    auto file = must(Checkpoint::open(folder.path() / "model.gguf"));
    const Kernels& kernels = kernels_of(kernel_isas().back());
    auto model = must(Model::load(file, Math::Fast, pool));
    EXPECT_LE(worst(*model, kernels, true), 0.3);
    EXPECT_LE(worst(*must(Model::load(file, Math::F32, pool)), kernels, true), 0.3);
}

INSTANTIATE_TEST_SUITE_P(Tiny, EachEncoder,
                         ::testing::Combine(::testing::Values("bert", "roberta", "nomic-bert"),
                                            ::testing::Bool()),
                         [](const auto& one) {
                             std::string name = std::get<0>(one.param);
                             std::ranges::replace(name, '-', '_');
                             return name + (std::get<1>(one.param) ? "_gguf" : "_folder");
                         });

}  // namespace
}  // namespace linnet
