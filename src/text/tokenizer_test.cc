#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <filesystem>

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
        size_t end = std::min(rest.find(separator), rest.size());
        std::string_view text = rest.substr(0, end);
        rest.remove_prefix(std::min(end + separator.size(), rest.size()));
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

TEST(Tokenizer, GivesTheVectorsOfLlama) {
    LINNET_DATA_OR_SKIP(path, "data/tokenizers/ggml-vocab-llama-spm.gguf");
    expect_vectors(path);
}

TEST(Tokenizer, GivesTheVectorsOfBert) {
    LINNET_DATA_OR_SKIP(path, "data/tokenizers/ggml-vocab-bert-bge.gguf");
    expect_vectors(path);
}

// The sources of llama.cpp carry more vocabularies with vectors. They are where
// ../shared/peers/llama-cpp.sh unpacks them, or in the folder that LINNET_PEER_VOCABULARIES names.
std::vector<Path> peer_vocabularies() {
    std::vector<Path> found;
    auto take = [&](const Path& folder) {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
            if (entry.path().extension() == ".gguf" &&
                std::filesystem::exists(entry.path().string() + ".out"))
                found.push_back(entry.path());
    };
    if (const char* set = std::getenv("LINNET_PEER_VOCABULARIES")) {
        take(set);
        return found;
    }
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    Path peers = (cache ? Path(cache) : Path(home ? home : "/") / ".cache") / "peers";
    std::error_code ignored;
    for (const auto& peer : std::filesystem::directory_iterator(peers, ignored))
        for (const auto& source : std::filesystem::directory_iterator(peer.path(), ignored))
            take(source.path() / "vendor/llama.cpp/models");
    return found;
}

TEST(Tokenizer, GivesTheVectorsOfThePeersVocabularies) {
    std::vector<Path> vocabularies = peer_vocabularies();
    if (vocabularies.empty())
        GTEST_SKIP() << "no vocabularies in the peer's sources; see ../shared/peers";
    for (const Path& vocabulary : vocabularies) {
        SCOPED_TRACE(vocabulary);
        expect_vectors(vocabulary);
    }
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
