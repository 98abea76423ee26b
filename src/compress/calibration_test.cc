#include "compress/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

TEST(CalibrationSource, WeightsStandBehindAColon) {
    auto expect = [](std::string_view text, std::string_view file, double weight) {
        const CalibrationSource found = must(CalibrationSource::parse(text));
        EXPECT_EQ(found.file, file) << text;
        EXPECT_EQ(found.weight, weight) << text;
    };
    expect("a.txt", "a.txt", 1);
    expect("a.txt:2.5", "a.txt", 2.5);
    expect("b:c.txt", "b:c.txt", 1);
    expect("b:c:0.25", "b:c", 0.25);
    expect("a:", "a:", 1);
    expect(":2", ":2", 1);
    for (const char* bad : {"a.txt:0", "a.txt:-1", "a.txt:inf"})
        testing::expect_refused(CalibrationSource::parse(bad), Code::Usage, "weight");
}

struct CalibrationPartsTest : ::testing::Test {
    // Text i counts up from i * 10000.
    static std::vector<int32_t> text(int32_t number, size_t chunks) {
        std::vector<int32_t> out(chunks * 8 + 3);
        std::iota(out.begin(), out.end(), number * 10000);
        return out;
    }
    static CalibrationParts divide(std::vector<std::vector<int32_t>> texts,
                                   std::vector<double> weights, size_t chunks) {
        return CalibrationParts::divide(texts, weights,
                                        {.chunks = chunks, .held_chunks = 4, .chunk_tokens = 8});
    }
};

TEST_F(CalibrationPartsTest, AreNeverTheSameTokens) {
    const auto parts = divide({text(0, 100)}, {1}, 10);
    EXPECT_EQ(parts.read.size(), 80u);
    EXPECT_EQ(parts.judged_by.size(), 8u);
    EXPECT_EQ(parts.held_back.size(), 32u);
    EXPECT_EQ(parts.read.back() + 1, parts.judged_by.front());
    EXPECT_EQ(parts.judged_by.back() + 1, parts.held_back.front());
}

TEST_F(CalibrationPartsTest, WeightsDivideTheChunks) {
    const auto parts = divide({text(0, 100), text(1, 100)}, {3, 1}, 12);
    EXPECT_EQ(std::ranges::count_if(parts.read, [](int32_t t) { return t < 10000; }), 9 * 8);
    EXPECT_EQ(parts.read.size(), 12u * 8);
    EXPECT_EQ(std::ranges::count_if(parts.held_back, [](int32_t t) { return t < 10000; }), 3 * 8);
}

TEST_F(CalibrationPartsTest, ShortTextsGiveWhatTheyHave) {
    auto parts = divide({text(0, 20)}, {1}, 100);  // 2 held back, 1 to judge by
    EXPECT_EQ(parts.read.size(), 17u * 8);
    EXPECT_EQ(parts.held_back.size(), 2u * 8);
    parts = divide({text(0, 2)}, {1}, 100);
    EXPECT_EQ(parts.read.size(), 2u * 8);
    EXPECT_EQ(parts.judged_by, parts.read);
    EXPECT_TRUE(parts.held_back.empty());
    EXPECT_TRUE(divide({{1, 2, 3}}, {1}, 100).read.empty());
}

struct CalibrationTokensTest : ::testing::Test {
    CalibrationTokensTest() { testing::write_tiny_model(folder.path() / "tiny.gguf"); }
    Result<std::vector<int32_t>> tokens(std::string_view file, std::string_view text) {
        const Checkpoint checkpoint = must(Checkpoint::open(folder.path() / "tiny.gguf"));
        return calibration_tokens(file, text, checkpoint, must(Tokenizer::from(checkpoint)));
    }
    testing::TemporaryFolder folder;
};

TEST_F(CalibrationTokensTest, LinesAreDocuments) {
    const auto plain = must(tokens("a.txt", "hello"));
    const auto documents =
        must(tokens("a.jsonl", "{\"text\": \"hello\"}\n\n{\"text\": \"hello\"}"));
    std::vector<int32_t> twice = plain;
    twice.insert(twice.end(), plain.begin(), plain.end());
    EXPECT_EQ(documents, twice);
}

TEST_F(CalibrationTokensTest, ConversationsBecomeWhatTheTemplateMakesOfThem) {
    const auto plain = must(tokens("a.txt", "hello"));
    const auto spoken =
        must(tokens("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}"));
    EXPECT_GT(spoken.size(), plain.size());
}

TEST_F(CalibrationTokensTest, WhatIsNoDocumentIsRefused) {
    auto refused = [&](std::string_view line, std::string_view why) {
        testing::expect_refused(tokens("a.jsonl", cat("{\"text\": \"a\"}\n", line, "\n")),
                                Code::BadInput, why);
    };
    refused("{", "line 2");
    refused("[1]", "line 2: it has neither");
    refused("{\"text\": 5}", "it has neither");
    refused("{\"messages\": [{\"role\": \"user\"}]}", "lacks its");
}

}  // namespace
}  // namespace linnet
