#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
#include "base/text.h"
#include "formats/checkpoint.h"

namespace linnet {
namespace {

using Ids = std::vector<TokenId>;

Result<Tokenizer> open(const Path& path) {
    Checkpoint checkpoint = TRY(Checkpoint::open(path));
    return Tokenizer::from(checkpoint);
}

// The conformance vectors beside a vocabulary: texts separated by a line of their own, and a line
// of ids for each.
void expect_vectors(const Path& vocabulary) {
    auto tokenizer = open(vocabulary);
    ASSERT_TRUE(tokenizer) << tokenizer.error().what;
    auto inputs = read_file(vocabulary.string() + ".inp", 1 << 20);
    auto outputs = read_file(vocabulary.string() + ".out", 1 << 20);
    ASSERT_TRUE(inputs && outputs);
    std::string_view rest = *inputs;
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    for (std::string_view line : split(trim(*outputs), '\n')) {
        size_t end = rest.find(separator);
        ASSERT_NE(end, rest.npos);
        std::string_view text = rest.substr(0, end);
        rest.remove_prefix(end + separator.size());
        Ids expected;
        for (std::string_view id : split(trim(line), ' '))
            if (!id.empty()) expected.push_back(parse_integer<TokenId>(id).value());
        EXPECT_EQ(
            tokenizer->encode(text, {.bos = EncodeOptions::Add::No, .eos = EncodeOptions::Add::No}),
            expected)
            << "text: " << printable(text);
    }
}

TEST(Tokenizer, GivesTheVectorsOfGpt2) {
    LINNET_DATA_OR_SKIP(path, "data/tokenizers/ggml-vocab-gpt-2.gguf");
    expect_vectors(path);
}

TEST(Tokenizer, GivesTheVectorsOfFalcon) {
    LINNET_DATA_OR_SKIP(path, "data/tokenizers/ggml-vocab-falcon.gguf");
    expect_vectors(path);
}

TEST(Tokenizer, GivesTheReferenceOfTheDefaultModel) {
    LINNET_MODEL_OR_SKIP(model);
    LINNET_DATA_OR_SKIP(path, "reference/smollm2-135m-instruct-q4_1.json");
    auto tokenizer = open(model);
    ASSERT_TRUE(tokenizer) << tokenizer.error().what;
    for (const std::string& warning : tokenizer->warnings()) ADD_FAILURE() << warning;
    auto text = read_file(path, 10 << 20);
    ASSERT_TRUE(text);
    auto reference = Json::parse(*text);
    ASSERT_TRUE(reference);
    for (const auto& [name, one] : *reference->find("cases")->as_object()) {
        Ids expected;
        for (const Json& id : *one.find("ids")->as_array())
            expected.push_back(static_cast<TokenId>(*id.as_int()));
        std::string input = one.string_or("text", "");
        EXPECT_EQ(tokenizer->encode(input, {.parse_special = true}), expected) << name;
        EXPECT_EQ(tokenizer->decode(expected, {.show_special = true}), input) << name;
    }
    EXPECT_EQ(tokenizer->size(), 49152);
    EXPECT_EQ(tokenizer->special().eos, 2);
    EXPECT_TRUE(tokenizer->is_end(2));
    EXPECT_TRUE(tokenizer->is_end(tokenizer->find("<|endoftext|>")));
    EXPECT_FALSE(tokenizer->is_end(tokenizer->find("<|im_start|>")));
}

}  // namespace
}  // namespace linnet
