// A run that breaks off, wherever that is, and is taken up again.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "compress/target.h"
#include "compress/text_feedback.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

// Breaks off at a given step; a step is a tensor measured or some of the file written.
class BreakingProgress final : public Progress {
  public:
    BreakingProgress(Cancel& cancel, size_t steps) : cancel_(cancel), steps_(steps) {}
    void begin(std::string_view, uint64_t, uint64_t) override {}
    void at(uint64_t) override {
        if (++done == steps_) cancel_.request();
    }
    void end() override {}
    void note(std::string_view) override {}
    size_t done = 0;

  private:
    Cancel& cancel_;
    size_t steps_;
};

struct ResumeTest : ::testing::Test {
    ResumeTest() {
        testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
        Rng dice(3);
        for (int i = 0; i < 300; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }

    // The whole run; false where it breaks off. `steps` is then how many it made.
    bool run(size_t& steps, Journal::Begin begin) {
        Cancel cancel;
        BreakingProgress progress(cancel, steps);
        Journal journal = must(Journal::open(folder.path() / "out.journal", Json(1), begin));
        QuantizePlan plan = must(plan_quantization(
            must(Checkpoint::open(folder.path() / "in.gguf")), {.mixture = mixture_named("Q8_0")}));
        ThreadPool pool(2);
        const Kernels& kernels = kernels_of(kernel_isas().back());
        auto model = must(Model::load(plan.checkpoint, Math::F32, pool));
        auto scorer = must(Scorer::make(model, kernels, {.threads = 2, .context = 64}));
        TextFeedback feedback(plan, plan.checkpoint, *scorer, tokens, {}, progress, cancel);
        TrialOptions options{.kernels = kernels,
                             .tokens = tokens,
                             .context = 96,
                             .feedback = &feedback,
                             .journal = &journal};
        auto costs = measure_costs(plan, {}, options, pool, progress, cancel);
        steps = progress.done;
        if (!costs) return false;
        must(fit_to_size(plan, *costs, must(plan.file_bytes()) * 7 / 10));
        auto written = quantize_file(plan, folder.path() / "out.gguf", pool, progress, cancel,
                                     &feedback, &journal);
        steps = progress.done;
        if (!written) return false;
        must(journal.remove());
        return true;
    }
    std::string bytes() const { return must(read_file(folder.path() / "out.gguf", 1 << 24)); }

    testing::TemporaryFolder folder;
    std::vector<int32_t> tokens;
};

TEST_F(ResumeTest, GivesTheSameBytesWhereverItBrokeOff) {
    size_t steps = 0;
    ASSERT_TRUE(run(steps, Journal::Begin::Anew));
    const size_t all = steps;
    const std::string expected = bytes();
    for (size_t at = 1; at < all; at += 3) {
        std::filesystem::remove(folder.path() / "out.gguf");
        steps = at;
        EXPECT_FALSE(run(steps, Journal::Begin::Anew)) << at;
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.gguf"));
        steps = 0;
        EXPECT_TRUE(run(steps, Journal::Begin::WhereItBrokeOff)) << at;
        EXPECT_EQ(bytes(), expected) << at;
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.gguf.part"));
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.journal"));
    }
}

TEST_F(ResumeTest, ManyBreaksEndAtTheSame) {
    size_t steps = 0;
    ASSERT_TRUE(run(steps, Journal::Begin::Anew));
    const std::string expected = bytes();
    std::filesystem::remove(folder.path() / "out.gguf");
    // Measured tensors are counted again, so each time breaks off some steps later.
    size_t tries = 0;
    for (bool done = false; !done && tries < 100; tries++) {
        steps = 3 + 2 * tries;
        done = run(steps, Journal::Begin::WhereItBrokeOff);
    }
    EXPECT_GT(tries, 4u);
    EXPECT_EQ(bytes(), expected);
}

// Bytes that are not those that were written are not believed.
TEST_F(ResumeTest, DamageIsFoundAndMendedByWritingAgain) {
    size_t steps = 0;
    ASSERT_TRUE(run(steps, Journal::Begin::Anew));
    const size_t all = steps;
    const std::string expected = bytes();
    steps = all - 2;
    ASSERT_FALSE(run(steps, Journal::Begin::Anew));
    const Path part = partial_path(folder.path() / "out.gguf");
    std::string half = must(read_file(part, 1 << 24));
    half[half.size() * 3 / 4] = static_cast<char>(half[half.size() * 3 / 4] ^ 1);
    must(write_file_atomic(part, half));
    steps = 0;
    EXPECT_TRUE(run(steps, Journal::Begin::WhereItBrokeOff));
    EXPECT_EQ(bytes(), expected);
    std::filesystem::remove(part);
}

}  // namespace
}  // namespace linnet
