// Every family on tiny models with random weights against the logits that another implementation
// computed in float32 (tests/golden/make_families.py), from a folder and from a GGUF file.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "kernels/select.h"
#include "model/families/family.h"
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

INSTANTIATE_TEST_SUITE_P(Tiny, EachFamily,
                         ::testing::Combine(::testing::ValuesIn(cases), ::testing::Bool()),
                         [](const auto& one) {
                             std::string name = std::get<0>(one.param).name;
                             std::ranges::replace(name, '-', '_');
                             return name + (std::get<1>(one.param) ? "_gguf" : "_folder");
                         });

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

}  // namespace
}  // namespace linnet
