// Adapters of every kind of family on tiny models against the logits that another implementation
// computed in float32 (tests/golden/make_adapters.py): both kinds of adapter on both kinds of
// model.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/select.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

enum class File { Folder, Gguf };
struct Files {
    File model, adapter;
};

class EachAdapter : public ::testing::TestWithParam<std::tuple<const char*, Files>> {
  protected:
    void SetUp() override {
        auto [name, files] = GetParam();
        Path base = family_folder(name), folder = family_folder("../adapters") / name;
        golden = read_golden(folder / "golden.safetensors");
        auto file = must(Checkpoint::open(
            base / (files.model == File::Gguf ? "model.gguf" : "model.safetensors")));
        model = must(Model::load(file, Math::F32, pool));
        adapter =
            load_adapter(files.adapter == File::Gguf ? folder / "adapter.gguf" : folder, model);
        for (const Golden& prompt : golden) prompts.push_back(prompt.ids);
    }

    double worst(const std::vector<Row>& logits, const Golden& expected) const {
        double most = 0;
        for (size_t r = 0; r < expected.rows.size(); r++)
            most = std::max(
                most, distance(logits[static_cast<size_t>(expected.rows[r])], expected.logits[r]));
        return most;
    }

    ThreadPool pool{2};
    std::vector<Golden> golden;
    std::vector<Tokens> prompts;
    std::shared_ptr<const Model> model;
    std::shared_ptr<const Adapter> adapter;
};

TEST_P(EachAdapter, LogitsAreTheReference) {
    constexpr double bound = 1e-5;  // the promise is 1e-4
    const std::vector<Runner::Adapters> adapters(prompts.size(), {{adapter, 1}});
    double most = 0;
    for (Isa isa : kernel_isas()) {
        Runner runner(model, kernels_of(isa), pool, 96);
        for (const std::vector<size_t>& chunks :
             {std::vector<size_t>{1000}, {7}, {1}, std::vector<size_t>{9, 1}}) {
            auto logits = runner.run(prompts, chunks, adapters);
            for (size_t i = 0; i < prompts.size(); i++) {
                double got = worst(logits[i], golden[i]);
                EXPECT_LE(got, bound) << kernels_of(isa).name << ", chunks of " << chunks[0];
                most = std::max(most, got);
            }
        }
    }
    RecordProperty("worst", cat(most));
}

// With it, without it, half of it, twice it, and nothing of it, in one batch.
TEST_P(EachAdapter, BatchesMayBeMixed) {
    const std::vector<Tokens> all(6, prompts[0]);
    const std::vector<Runner::Adapters> adapters = {
        {{adapter, 1}},    {},
        {{adapter, 0.5f}}, {{adapter, 1}, {adapter, 1}},
        {{adapter, 0}},    {{adapter, 0.25f}, {adapter, 0.25f}}};
    const std::vector<size_t> chunks = {9, 1, 5};
    Runner runner(model, kernels_of(kernel_isas().back()), pool, 96);
    auto together = runner.run(all, chunks, adapters);
    for (size_t i = 0; i < all.size(); i++) {
        auto alone = runner.run(std::span(all).subspan(i, 1), std::vector<size_t>{3},
                                std::span(adapters).subspan(i, 1));
        EXPECT_EQ(together[i], alone[0]) << "prompt " << i;
    }
    EXPECT_EQ(together[4], together[1]);
    EXPECT_GT(distance(together[0].back(), together[1].back()), 0.01);
    EXPECT_GT(distance(together[0].back(), together[3].back()), 0.01);
    EXPECT_LE(distance(together[2].back(), together[5].back()), 1e-5);
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<const char*, Files>>& one) {
    auto [name, files] = one.param;
    return cat(name, files.adapter == File::Gguf ? "_gguf" : "_peft", "_on_",
               files.model == File::Gguf ? "gguf" : "folder");
}

INSTANTIATE_TEST_SUITE_P(Tiny, EachAdapter,
                         ::testing::Combine(::testing::Values("llama", "qwen2", "qwen3", "gemma2",
                                                              "gemma3", "phi3", "gpt2", "mixtral",
                                                              "mamba2", "lfm2"),
                                            ::testing::Values(Files{File::Folder, File::Folder},
                                                              Files{File::Folder, File::Gguf},
                                                              Files{File::Gguf, File::Folder},
                                                              Files{File::Gguf, File::Gguf})),
                         name_of);

}  // namespace
}  // namespace linnet
