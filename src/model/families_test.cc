// Every family on tiny models with random weights against the logits that another implementation
// computed in float32 (tests/golden/make_families.py), from a folder and from a GGUF file.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/families/family.h"
#include "model/summary.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

struct Case {
    const char* name;
    // Up to this length the golden logits are those of a short context (longrope); 0 elsewhere.
    size_t short_context = 0;
};

constexpr Case cases[] = {
    {"llama"},
    {"llama3"},
    {"mistral"},
    {"qwen2"},
    {"qwen2-yarn"},
    {"qwen3"},
    {"smollm3"},
    {"gemma2"},
    {"gemma3"},
    {"phi3"},
    {"phi4-longrope", 32},
    {"granite"},
    {"olmo2"},
    {"olmo3"},
    {"gpt2"},
    {"qwen3moe"},
    {"mixtral"},
    {"mamba2"},
    {"falcon-h1"},
    {"falcon-h1-norm"},
    {"granitehybrid"},
    {"granitehybrid-dense"},
    {"lfm2"},
    {"rwkv7"},
    {"gemma3n"},
};

class EachFamily : public ::testing::TestWithParam<std::tuple<Case, bool>> {
  protected:
    void SetUp() override {
        auto [test_case, gguf] = GetParam();
        short_context = test_case.short_context;
        Path folder = family_folder(test_case.name);
        golden = read_golden(folder / "golden.safetensors");
        path = folder / (gguf ? "model.gguf" : "model.safetensors");
    }
    void load(Math math) { model = must(Model::load(must(Checkpoint::open(path)), math, pool)); }

    // Groups of prompts that share a context.
    std::vector<std::vector<const Golden*>> groups() const {
        std::vector<std::vector<const Golden*>> out(2);
        for (const Golden& prompt : golden)
            out[prompt.ids.size() <= short_context].push_back(&prompt);
        return out;
    }

    // The largest distance of any golden row, with prompts one by one or together.
    double worst(const Kernels& kernels, bool together, std::span<const size_t> chunks) {
        double most = 0;
        for (const auto& group : groups()) {
            if (group.empty()) continue;
            bool is_short = group[0]->ids.size() <= short_context;
            Runner runner(model, kernels, pool,
                          static_cast<uint32_t>(is_short ? short_context : 96));
            for (size_t first = 0; first < group.size();) {
                size_t count = together ? group.size() : 1;
                std::vector<Tokens> prompts;
                for (size_t i = 0; i < count; i++) prompts.push_back(group[first + i]->ids);
                auto logits = runner.run(prompts, chunks);
                for (size_t i = 0; i < count; i++) {
                    const Golden& expected = *group[first + i];
                    for (size_t r = 0; r < expected.rows.size(); r++)
                        most = std::max(most,
                                        distance(logits[i][static_cast<size_t>(expected.rows[r])],
                                                 expected.logits[r]));
                }
                first += count;
            }
        }
        return most;
    }

    ThreadPool pool{2};
    size_t short_context = 0;
    Path path;
    std::vector<Golden> golden;
    std::shared_ptr<const Model> model;
};

// The promise is 1e-4; more than this would be a mistake all the same.
constexpr double bound = 1e-5;

TEST_P(EachFamily, LogitsAreTheReferenceHoweverTheyAreComputed) {
    load(Math::F32);
    double most = 0;
    auto expect_close = [&](Isa isa, std::string_view how, bool together,
                            std::vector<size_t> chunks) {
        double got = worst(kernels_of(isa), together, chunks);
        EXPECT_LE(got, bound) << how << " on " << kernels_of(isa).name;
        most = std::max(most, got);
    };
    Isa best = kernel_isas().back();
    expect_close(best, "at once", false, {1000});
    expect_close(best, "in pieces", false, {7});
    expect_close(best, "token by token", false, {1});
    expect_close(best, "a batch of unequal lengths", true, {1000});
    for (Isa isa : kernel_isas())
        expect_close(isa, "a batch of prefill and decode", true, {9, 1, 5});
    RecordProperty("worst", cat(most));
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<Case, bool>>& one) {
    std::string name = std::get<0>(one.param).name;
    std::ranges::replace(name, '-', '_');
    return name + (std::get<1>(one.param) ? "_gguf" : "_folder");
}

INSTANTIATE_TEST_SUITE_P(Tiny, EachFamily,
                         ::testing::Combine(::testing::ValuesIn(cases), ::testing::Bool()),
                         name_of);

// A new row in the table of families comes with a golden model.
TEST(Families, EachHasATinyModel) {
    std::set<std::string> found;
    for (const auto& folder : std::filesystem::directory_iterator(family_folder(""))) {
        auto file = must(Checkpoint::open(folder.path() / "model.gguf"));
        found.emplace(file.metadata().string_of("general.architecture").value_or(""));
    }
    for (const Family* family : families())
        EXPECT_TRUE(found.contains(std::string(family->architecture))) << family->architecture;
}

// What `linnet show` tells of the memory is what the loaded model takes.
TEST(Families, SummariesKnowWhatASequenceTakes) {
    ThreadPool pool(1);
    for (const auto& folder : std::filesystem::directory_iterator(family_folder(""))) {
        for (const char* file : {"model.gguf", "model.safetensors"}) {
            auto checkpoint = must(Checkpoint::open(folder.path() / file));
            auto model = must(Model::load(checkpoint, Math::F32, pool));
            ModelSummary summary = must(summarize(checkpoint));
            uint64_t told = 0, state = 0, taken = 0;
            for (const KvLayer& layer : summary.kv_layers) {
                told += layer.heads * (layer.key_dim + layer.value_dim);
                state += layer.state_values;
            }
            for (const KvShape& shape : model->kv_shapes())
                taken += model->causal() ? 2 * shape.heads * shape.head_dim : 0;
            EXPECT_EQ(told, taken) << folder.path() << file;
            EXPECT_EQ(state, model->state_floats()) << folder.path() << file;
            EXPECT_TRUE(memory_needed(summary, 64)) << folder.path() << file;
        }
    }
}

// Packed weights with int8 activations, whatever the family: near enough that nothing was mixed up.
class EachFile : public EachFamily {};

TEST_P(EachFile, FastArithmeticIsClose) {
    TemporaryFolder folder;
    write_quantized(path, folder.path() / "model.gguf");
    path = folder.path() / "model.gguf";
    load(Math::F32);
    std::vector<size_t> chunks = {9, 1, 5};
    std::vector<Tokens> prompts = {golden[0].ids};
    Runner oracle(model, kernels_of(kernel_isas().back()), pool, 96);
    auto expected = oracle.run(prompts, chunks)[0];
    load(Math::Fast);
    for (Isa isa : {kernel_isas().front(), kernel_isas().back()}) {
        Runner runner(model, kernels_of(isa), pool, 96);
        auto got = runner.run(prompts, chunks)[0];
        std::vector<double> distances;
        for (size_t i = 0; i < got.size(); i++) distances.push_back(distance(got[i], expected[i]));
        std::ranges::sort(distances);
        // A token may go to another expert; most do not.
        EXPECT_LE(distances[distances.size() / 2], 0.05);
        EXPECT_LT(distances.back(), 2);
        RecordProperty("median", cat(distances[distances.size() / 2]));
    }
}

INSTANTIATE_TEST_SUITE_P(Tiny, EachFile,
                         ::testing::Combine(::testing::ValuesIn(cases), ::testing::Values(true)),
                         name_of);

}  // namespace
}  // namespace linnet
