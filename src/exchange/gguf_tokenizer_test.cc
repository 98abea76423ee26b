// Tokenizers of folders (tests/golden/make_tokenizers.py), written as GGUF and read back: they cut
// as before.
#include "exchange/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "text/tokenizer.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

Json golden(std::string_view name) {
    const Path folder = testing::source_folder() / "tests/golden/tokenizers";
    return must(Json::parse(must(read_file(folder / name, 1 << 26))));
}

TokenizerData case_data(std::string_view file, std::string_view name) {
    const Json cases = golden(file);
    for (const Json& one : *cases.find("cases")->as_array())
        if (one.string_or("name", "") == name)
            return must(read_json_tokenizer(*one.find("tokenizer")));
    ADD_FAILURE() << "no case " << name;
    return {};
}

class WrittenTokenizer : public ::testing::TestWithParam<const char*> {};

TEST_P(WrittenTokenizer, CutsAsBefore) {
    TokenizerData data = case_data("bpe.json", GetParam());
    const size_t known = data.tokens.size();
    MetadataBuilder metadata;
    std::vector<std::string> warnings;
    must(write_gguf_vocabulary(data, known + 5, metadata, warnings));
    Tokenizer before = must(Tokenizer::make(data));
    Metadata written = must(Metadata::make(metadata.entries()));
    Tokenizer after = must(Tokenizer::make(must(read_gguf_tokenizer(written))));
    EXPECT_EQ(after.size(), static_cast<int32_t>(known + 5));
    EXPECT_EQ(after.piece(static_cast<TokenId>(known)), cat("[PAD", known, "]"));
    EXPECT_EQ(after.type(static_cast<TokenId>(known)), TokenType::Unused);
    EXPECT_EQ(after.adds_bos(), before.adds_bos());
    size_t texts = 0;
    const Json list = golden("texts.json");
    for (const Json& text : *list.find("texts")->as_array()) {
        const std::string& plain = *text.as_string();
        if (!valid_utf8(plain)) continue;
        EXPECT_EQ(after.encode(plain), before.encode(plain)) << printable(plain, 200);
        texts++;
    }
    EXPECT_GT(texts, 10u);
}

INSTANTIATE_TEST_SUITE_P(Golden, WrittenTokenizer,
                         ::testing::Values("gpt2", "llama3", "llama2", "gemma"));

TEST(WrittenTokenizers, OfOtherKindsAreRefused) {
    MetadataBuilder metadata;
    std::vector<std::string> warnings;
    auto refused = [&](std::string_view file, std::string_view name, std::string_view what) {
        TokenizerData data = case_data(file, name);
        const size_t known = data.tokens.size();
        expect_refused(write_gguf_vocabulary(std::move(data), known, metadata, warnings),
                       Code::Unsupported, what, name);
    };
    refused("other.json", "unigram", "the kind");
    refused("other.json", "whole words", "the kind");
    refused("bpe.json", "clip", "the marks of words");
    refused("bpe.json", "metaspace and unknown characters", "the kind");
    refused("bpe.json", "steps behind the byte level", "GGUF has no word");
    expect_refused(write_gguf_vocabulary(case_data("bpe.json", "gpt2"), 3, metadata, warnings),
                   Code::BadInput, "predictions for 3");
}

}  // namespace
}  // namespace linnet
