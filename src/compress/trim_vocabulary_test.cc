#include "compress/trim_vocabulary.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

std::vector<uint64_t> counts_of(const Tokenizer& tokenizer, std::string_view text) {
    std::vector<uint64_t> counts(static_cast<size_t>(tokenizer.size()));
    for (TokenId id : tokenizer.encode(text)) counts[static_cast<size_t>(id)]++;
    return counts;
}

// A vocabulary and a part of it that suits a text.
struct Trimmed {
    Tokenizer whole;
    TrimPlan plan;
    Tokenizer part;

    static Trimmed make(const Path& path, std::string_view text, size_t size) {
        Checkpoint checkpoint = must(Checkpoint::open(path));
        Tokenizer whole = must(Tokenizer::from(checkpoint));
        TrimPlan plan = must(plan_trimmed_vocabulary(checkpoint, counts_of(whole, text), size));
        Tokenizer part = must(plan.tokenizer());
        return {std::move(whole), std::move(plan), std::move(part)};
    }

    // The text comes back as it did before; where all its tokens are kept, they are the same.
    // Returns whether they are.
    bool check(std::string_view text) const {
        auto before = whole.encode(text), after = part.encode(text);
        EXPECT_EQ(part.decode(after), whole.decode(before)) << printable(text, 200);
        bool all_kept = std::ranges::all_of(
            before, [&](TokenId id) { return std::ranges::binary_search(plan.kept, id); });
        if (!all_kept) return false;
        for (TokenId& id : after) id = plan.kept[static_cast<size_t>(id)];
        EXPECT_EQ(after, before) << printable(text, 200);
        return true;
    }
};

std::string random_text(uint64_t seed) {
    Rng rng(seed);
    std::string out;
    const size_t length = rng.below(60);
    for (size_t i = 0; i < length; i++) {
        const uint64_t kind = rng.below(6);
        if (kind == 0) {
            out += ' ';
        } else if (kind < 4) {
            out += static_cast<char>('a' + rng.below(26));
        } else {  // two to four bytes
            const uint64_t code =
                rng.below(2) ? 0xA0 + rng.below(0xD000) : 0x1F300 + rng.below(600);
            if (code < 0x800) {
                out += static_cast<char>(0xC0 | code >> 6);
            } else {
                if (code < 0x10000) {
                    out += static_cast<char>(0xE0 | code >> 12);
                } else {
                    out += static_cast<char>(0xF0 | code >> 18);
                    out += static_cast<char>(0x80 | (code >> 12 & 63));
                }
                out += static_cast<char>(0x80 | (code >> 6 & 63));
            }
            out += static_cast<char>(0x80 | (code & 63));
        }
    }
    return out;
}

// Lines of all languages, and random text; `english` is what tokens are counted on.
void expect_cuts_alike(const Path& path, const Path& sentences, std::span<const size_t> sizes) {
    std::string english = must(read_file(sentences / "en.txt", 1 << 24));
    for (size_t size : sizes) {
        SCOPED_TRACE(cat(path.filename(), " to ", size));
        Trimmed trimmed = Trimmed::make(path, english, size);
        EXPECT_EQ(trimmed.part.size(), static_cast<int32_t>(size));
        size_t alike = 0, texts = 0;
        for (const auto& entry : std::filesystem::directory_iterator(sentences)) {
            std::string text = must(read_file(entry.path(), 1 << 24));
            size_t line_count = 0;
            for (std::string_view line : split(text, '\n')) {
                if (line_count++ == 40) break;
                alike += trimmed.check(line);
                texts++;
            }
        }
        for (uint64_t seed = 0; seed < 300; seed++) trimmed.check(random_text(seed));
        EXPECT_GT(alike, 0u);
        EXPECT_LT(alike, texts);
    }
}

class TrimmedVocabulary : public ::testing::TestWithParam<const char*> {};

TEST_P(TrimmedVocabulary, CutsTextOfKeptTokensAlike) {
    LINNET_DATA_OR_SKIP(path, cat("data/tokenizers/ggml-vocab-", GetParam(), ".gguf"));
    LINNET_DATA_OR_SKIP(sentences, "data/multilingual/test_sentences");
    const size_t sizes[] = {2000, 12000, 25000};
    expect_cuts_alike(path, sentences, sizes);
}

INSTANTIATE_TEST_SUITE_P(All, TrimmedVocabulary, ::testing::Values("gpt-2", "falcon", "llama-spm"),
                         [](const auto& named) { return replace_all(named.param, "-", "_"); });

TEST(TrimVocabulary, SmallVocabulariesOfEveryKindCutAlike) {
    const Path folder = testing::source_folder() / "tests/golden/tokenizers";
    for (const char* name : {"bytes", "gemma", "llama", "squashed", "tiktoken-llama-bpe"}) {
        SCOPED_TRACE(name);
        const Path path = folder / cat(name, ".gguf");
        Checkpoint checkpoint = must(Checkpoint::open(path));
        Tokenizer whole = must(Tokenizer::from(checkpoint));
        const std::string text = "this is the text of these tests, and there is more of it";
        auto counts = counts_of(whole, text);
        const auto all = static_cast<size_t>(whole.size());
        for (size_t size : {all - 1, all - 10, all - all / 8}) {
            auto plan = plan_trimmed_vocabulary(checkpoint, counts, size);
            if (!plan) {  // so many must stay
                EXPECT_NE(plan.error().what.find("must stay"), std::string::npos);
                continue;
            }
            Trimmed trimmed = Trimmed::make(path, text, size);
            trimmed.check(text);
            for (uint64_t seed = 0; seed < 200; seed++) trimmed.check(random_text(seed));
        }
    }
}

TEST(TrimVocabulary, KeepsRowsOfWhatStaysAndSpecialTokens) {
    testing::TemporaryFolder folder;
    testing::write_tiny_model(folder.path() / "tiny.gguf");
    Checkpoint before = must(Checkpoint::open(folder.path() / "tiny.gguf"));
    std::vector<uint64_t> counts(259);
    // All bytes and both control tokens stay; "th", the only other one, goes.
    TrimPlan plan = must(plan_trimmed_vocabulary(before, counts, 258));
    NoProgress progress;
    must(write_trimmed(plan, folder.path() / "small.gguf", progress, Cancel{}));
    Checkpoint after = must(Checkpoint::open(folder.path() / "small.gguf"));
    EXPECT_EQ(after.file_bytes(), must(plan.file_bytes()));
    ASSERT_EQ(after.tensors().size(), before.tensors().size());
    for (const Tensor& tensor : before.tensors()) {
        const Tensor* now = after.find(tensor.name);
        ASSERT_TRUE(now);
        const bool rows = tensor.name == "token_embd.weight";
        const size_t bytes = rows ? tensor.data.size() / 259 * 258 : tensor.data.size();
        ASSERT_EQ(now->data.size(), bytes);
        EXPECT_EQ(std::memcmp(now->data.data(), tensor.data.data(), bytes), 0) << tensor.name;
    }
    Tokenizer tokenizer = must(Tokenizer::from(after));
    EXPECT_EQ(tokenizer.special().eos, testing::tiny_end);
    EXPECT_EQ(tokenizer.encode("th").size(), 2u);
    EXPECT_TRUE(after.metadata().string_of("tokenizer.chat_template"));
}

TEST(TrimVocabulary, RefusesWhatCannotBe) {
    testing::TemporaryFolder folder;
    testing::write_tiny_model(folder.path() / "tiny.gguf");
    Checkpoint tiny = must(Checkpoint::open(folder.path() / "tiny.gguf"));
    std::vector<uint64_t> counts(259);
    expect_refused(plan_trimmed_vocabulary(tiny, counts, 100), Code::Usage, "258 tokens must stay");
    expect_refused(plan_trimmed_vocabulary(tiny, counts, 259), Code::Usage, "no more than");
    Checkpoint rwkv =
        must(Checkpoint::open(testing::source_folder() / "tests/golden/tokenizers/rwkv.gguf"));
    counts.resize(static_cast<size_t>(must(Tokenizer::from(rwkv)).size()));
    expect_refused(plan_trimmed_vocabulary(rwkv, counts, 100), Code::Unsupported, "left out");
}

}  // namespace
}  // namespace linnet
