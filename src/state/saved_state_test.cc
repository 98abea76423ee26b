#include "state/saved_state.h"

#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny_model.h"
#include "state/state_file.h"

namespace linnet {
namespace {

using testing::must;
using Tokens = std::vector<int32_t>;

class SavedStateTest : public ::testing::Test {
  protected:
    std::shared_ptr<const Model> load(const Path& file, Math math = Math::Fast) {
        ThreadPool pool(1);
        return must(Model::load(must(Checkpoint::open(file)), math, pool));
    }
    std::shared_ptr<const Model> tiny(uint64_t seed) {
        Path file = folder.path() / cat("tiny-", seed, ".gguf");
        testing::write_tiny_model(file, {.seed = seed});
        return load(file);
    }
    std::unique_ptr<Engine> engine(std::shared_ptr<const Model> model, EngineOptions options = {}) {
        if (options.context == 0) options.context = 256;
        return must(
            Engine::make(std::move(model), kernels_of(kernel_isas().back()), clock, options));
    }
    struct Answer {
        Tokens tokens;
        TokenEvent last;
    };
    Answer ask(Engine& of, Tokens prompt, uint32_t tokens_max,
               std::optional<SamplerState> sampler = {}, Adapters adapters = {}) {
        auto stream = must(of.submit({.prompt = std::move(prompt),
                                      .sampling = {.temperature = 0.9f, .seed = 8},
                                      .tokens_max = tokens_max,
                                      .end_tokens = {},
                                      .sampler = sampler,
                                      .adapters = std::move(adapters)}));
        Answer answer;
        while (auto event = must(stream->next(cancel))) {
            if (event->token) answer.tokens.push_back(event->token->id);
            if (event->finish) answer.last = std::move(*event);
        }
        return answer;
    }
    Tokens prompt(size_t size) {
        Rng rng(4);
        Tokens out(size);
        for (int32_t& token : out) token = static_cast<int32_t>(3 + rng.below(60));
        return out;
    }
    Path state() const { return folder.path() / "state"; }

    // Stops after 50 of 90 tokens, and goes on in another engine.
    void expect_goes_on(const std::shared_ptr<const Model>& model, EngineOptions options = {}) {
        Tokens whole = ask(*engine(model, options), prompt(70), 90).tokens;
        {
            auto first = engine(model, options);
            Answer part = ask(*first, prompt(70), 50);
            must(save_state(state(), *first, {part.last.reached, "a note"}));
        }
        auto second = engine(model, options);
        SavedState saved = must(load_state(state(), *second));
        EXPECT_EQ(saved.note, "a note");
        ASSERT_EQ(saved.reached.tokens.size(), 120u);
        Answer rest = ask(*second, saved.reached.tokens, 40, saved.reached.sampler);
        EXPECT_EQ(rest.tokens, Tokens(whole.begin() + 50, whole.end()));
        EXPECT_EQ(rest.last.stats.cached_tokens, 96u);
    }
    void expect_refused(Engine& by, Code code, std::string_view why) {
        auto saved = load_state(state(), by);
        ASSERT_FALSE(saved);
        EXPECT_EQ(saved.error().code, code);
        EXPECT_NE(saved.error().what.find(why), std::string::npos) << saved.error().what;
    }

    testing::TemporaryFolder folder;
    SystemClock clock;
    Cancel cancel;
};

TEST_F(SavedStateTest, GoesOnAsIfItHadNotStopped) {
    auto model = tiny(1);
    for (KvType kv : {KvType::F32, KvType::F16, KvType::I16, KvType::I8}) {
        SCOPED_TRACE(kv_type_name(kv));
        expect_goes_on(model, {.kv = kv});
    }
    expect_goes_on(load(folder.path() / "tiny-1.gguf", Math::F32), {.kv = KvType::F32});
}

// Attention with a window, hybrids of attention and recurrence, and recurrence alone.
TEST_F(SavedStateTest, EveryKindOfModelGoesOn) {
    for (const char* family : {"gemma3", "mistral", "phi4-longrope", "falcon-h1", "granitehybrid",
                               "lfm2", "mamba2", "rwkv7"})
        for (KvType kv : {KvType::I16, KvType::I8}) {
            SCOPED_TRACE(cat(family, " ", kv_type_name(kv)));
            expect_goes_on(
                load(testing::source_folder() / "tests/golden/families" / family / "model.gguf"),
                {.kv = kv});
        }
}

// The next prompt need not contain the answer as it was.
TEST_F(SavedStateTest, ARecurrentModelGoesOnFromItsPromptToo) {
    auto model = load(testing::source_folder() / "tests/golden/families/mamba2/model.gguf");
    auto first = engine(model);
    Answer answer = ask(*first, prompt(70), 50);
    must(save_state(state(), *first, {answer.last.reached}));
    auto second = engine(model);
    must(load_state(state(), *second));
    Tokens other = prompt(70);
    other.resize(80, 5);
    EXPECT_EQ(ask(*second, other, 1).last.stats.cached_tokens, 64u);
}

TEST_F(SavedStateTest, BelongsToItsAdapters) {
    for (const char* family : {"llama", "mamba2", "qwen3moe"}) {
        SCOPED_TRACE(family);
        auto model =
            load(testing::source_folder() / "tests/golden/families" / family / "model.gguf");
        auto adapter = [&](uint64_t seed) {
            Path file = folder.path() / cat("adapter-", family, seed, ".gguf");
            testing::RandomAdapter random = testing::RandomAdapter::make(*model, 4, 1, seed);
            random.alpha = 8;
            random.write(file, model->config().architecture);
            return testing::load_adapter(file, model);
        };
        const auto first = adapter(1);
        const Adapters used = {{first, 1}};
        Tokens whole = ask(*engine(model), prompt(70), 60, {}, used).tokens;
        auto one = engine(model);
        Answer part = ask(*one, prompt(70), 30, {}, used);
        must(save_state(state(), *one, {part.last.reached}, used));
        auto other = engine(model);
        for (const Adapters& wrong : {Adapters(), Adapters{{adapter(2), 1}}, Adapters{{first, 2}}})
            testing::expect_refused(load_state(state(), *other, wrong), Code::Usage, "adapter");
        const Adapters again = {{adapter(1), 1}};  // read again, from the same file
        SavedState saved = must(load_state(state(), *other, again));
        Answer rest = ask(*other, saved.reached.tokens, 30, saved.reached.sampler, again);
        EXPECT_EQ(rest.tokens, Tokens(whole.begin() + 30, whole.end()));
        EXPECT_EQ(rest.last.stats.cached_tokens, 96u);
    }
}

TEST_F(SavedStateTest, KnowsWhatItIsFor) {
    auto model = tiny(1);
    auto one = engine(model);
    Answer answer = ask(*one, prompt(40), 5);
    must(save_state(state(), *one, {answer.last.reached}));
    expect_refused(*engine(tiny(2)), Code::Usage, "another model");
    expect_refused(*engine(model, {.kv = KvType::I8}), Code::Usage, "saved with --kv int16");
    expect_refused(*engine(model, {.context = 128}), Code::Usage, "saved with --context 256");
    expect_refused(*engine(load(folder.path() / "tiny-1.gguf", Math::F32)), Code::Usage,
                   "saved with --math");
    std::filesystem::remove(state());
    expect_refused(*one, Code::NotFound, "state");
}

// Whatever byte is another, and wherever the file ends, it is refused.
TEST_F(SavedStateTest, RefusesADamagedFile) {
    auto one = engine(tiny(1));
    Answer answer = ask(*one, prompt(40), 5);
    must(save_state(state(), *one, {answer.last.reached}));
    const std::string bytes = must(read_file(state(), 1 << 30));
    for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 40) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 4);
        must(write_file_atomic(state(), changed));
        EXPECT_FALSE(load_state(state(), *one)) << at;
        must(write_file_atomic(state(), bytes.substr(0, at)));
        EXPECT_FALSE(load_state(state(), *one)) << at;
    }
    std::string changed = bytes;
    changed[bytes.size() / 2] ^= 1;
    must(write_file_atomic(state(), changed));
    expect_refused(*one, Code::Integrity, "damaged");
    must(write_file_atomic(state(), "short"));
    expect_refused(*one, Code::BadInput, "no saved state");
}

// A right hash does not make a state true: what it says of sizes is held against the model.
TEST_F(SavedStateTest, RefusesWhatCannotBeOfTheModel) {
    for (const char* family : {"llama", "falcon-h1"}) {
        auto one = engine(
            load(testing::source_folder() / "tests/golden/families" / family / "model.gguf"));
        Answer answer = ask(*one, prompt(70), 5);
        must(save_state(state(), *one, {answer.last.reached}));
        std::string bytes = must(read_file(state(), 1 << 30));
        const StateFile good = must(read_state_file(as_bytes(bytes)));
        auto expect_bad = [&](auto change) {
            StateFile bad = good;
            change(bad);
            must(write_file_atomic(state(), write_state_file(bad)));
            auto fresh = engine(
                load(testing::source_folder() / "tests/golden/families" / family / "model.gguf"));
            expect_refused(*fresh, Code::BadInput, "");
            ask(*fresh, prompt(70), 2);
        };
        expect_bad([](StateFile& f) { f.tokens[3] = 1 << 30; });
        expect_bad([](StateFile& f) { f.tokens[3] = -1; });
        expect_bad([](StateFile& f) { f.tokens.resize(1000); });
        expect_bad([](StateFile& f) { f.cache.tokens.pop_back(); });
        expect_bad([](StateFile& f) { f.cache.tokens.clear(); });
        expect_bad([](StateFile& f) { f.cache.pages.pop_back(); });
        expect_bad([](StateFile& f) { f.cache.pages.resize(2 * f.cache.pages.size()); });
        if (good.cache.recurrent.empty()) {
            expect_bad([](StateFile& f) { f.cache.recurrent = {{32, {1}}}; });
            continue;
        }
        expect_bad([](StateFile& f) { f.cache.recurrent.clear(); });
        expect_bad([](StateFile& f) { f.cache.recurrent[0].tokens = 31; });
        expect_bad([](StateFile& f) { f.cache.recurrent[0].tokens = 320; });
        expect_bad([](StateFile& f) {
            for (auto& known : f.cache.recurrent) known.values.pop_back();
        });
    }
}

TEST_F(SavedStateTest, KeepsWhatIsTooShortForAPage) {
    auto one = engine(tiny(1));
    Answer answer = ask(*one, prompt(5), 3);
    must(save_state(state(), *one, {answer.last.reached}));
    EXPECT_EQ(must(load_state(state(), *one)).reached.tokens.size(), 8u);
}

TEST_F(SavedStateTest, TheOldStateStaysWhereTheNewOneCannotBeWritten) {
    auto one = engine(tiny(1));
    Answer answer = ask(*one, prompt(5), 3);
    auto written = save_state(folder.path() / "absent" / "state", *one, {answer.last.reached});
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().what.find("absent"), std::string::npos);
}

}  // namespace
}  // namespace linnet
