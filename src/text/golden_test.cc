// What other people's tokenizers do: tests/golden/make_tokenizers.py made the cases and says what
// they hold. LINNET_TOKENIZER_CASES names a folder of larger ones.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "base/testing/data.h"
#include "base/text.h"
#include "formats/checkpoint.h"
#include "text/pre_tokenizer.h"
#include "text/pre_tokenizers.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

namespace linnet {
namespace {

using Lengths = std::vector<int64_t>;
using Texts = std::vector<std::string>;

Result<Json> read_json(const Path& path) {
    std::string text = TRY(read_file(path, uint64_t{4} << 30));
    return Json::parse(text);
}

Lengths numbers(const Json& list) {
    Lengths out;
    for (const Json& number : *list.as_array()) out.push_back(number.as_int().value());
    return out;
}

Texts strings(const Json* list) {
    Texts out;
    if (list)
        for (const Json& text : *list->as_array()) out.push_back(*text.as_string());
    return out;
}

int64_t characters(std::string_view text) {
    int64_t count = 0;
    for (char c : text) count += (c & 0xC0) != 0x80;
    return count;
}

// Where the lists part, for texts of megabytes.
void expect_same(const Lengths& got, const Lengths& wanted, const std::string& what) {
    if (got == wanted) return;
    size_t at = 0;
    while (at < got.size() && at < wanted.size() && got[at] == wanted[at]) at++;
    std::string tail;
    for (size_t i = at; i < at + 6; i++)
        tail += cat(" ", i < got.size() ? got[i] : -1, "/", i < wanted.size() ? wanted[i] : -1);
    ADD_FAILURE() << what << ": got/wanted from place " << at << " on:" << tail;
}

void check_splits(const Json& one, const Texts& texts) {
    Unicode unicode;
    std::vector<std::pair<std::string, std::vector<SplitStep>>> ways;
    TokenizerData data;
    auto read = read_pre_tokenizer(*one.find("splits"), data);
    ASSERT_TRUE(read) << read.error().what;
    ways.push_back({one.find("splits")->dump().substr(0, 300), data.splits});
    for (const std::string& name : strings(one.find("pre"))) {
        auto named = pre_tokenizer_of(name);
        ASSERT_TRUE(named) << name;
        ways.push_back({name, named->steps});
    }
    const Json::Array& lengths = *one.find("lengths")->as_array();
    ASSERT_EQ(lengths.size(), texts.size());
    for (const auto& [name, steps] : ways) {
        auto splits = PreTokenizer::make(steps, unicode);
        ASSERT_TRUE(splits) << name << ": " << splits.error().what;
        for (size_t i = 0; i < texts.size(); i++) {
            Lengths got;
            splits->split(texts[i], true,
                          [&](std::string_view piece) { got.push_back(characters(piece)); });
            expect_same(got, numbers(lengths[i]),
                        cat(name, " of text ", i, ": ", printable(texts[i], 200)));
        }
    }
}

void check_ids(const Json& one, const Texts& texts, const Tokenizer& tokenizer) {
    using Add = EncodeOptions::Add;
    Add add = one.bool_or("bare", false) ? Add::No : Add::AsModel;
    auto encode = [&](const std::string& text, bool special) {
        return tokenizer.encode(text, {.bos = add, .eos = add, .parse_special = special});
    };
    const Json *with_special = one.find("special"), *plain = one.find("ids");
    for (bool special : {false, true}) {
        const Json* expected = special ? with_special : plain;
        if (!expected) continue;
        const Json::Array& lists = *expected->as_array();
        ASSERT_EQ(lists.size(), texts.size());
        for (size_t i = 0; i < texts.size(); i++) {
            std::vector<TokenId> ids = encode(texts[i], special);
            const Json& list = lists[i].is_null() ? (*with_special->as_array())[i] : lists[i];
            expect_same(Lengths(ids.begin(), ids.end()), numbers(list),
                        cat("text ", i, ": ", printable(texts[i], 200)));
        }
    }
    const Json* back = one.find("decoded");
    if (!back) return;
    for (size_t i = 0; i < back->as_array()->size(); i++) {
        const std::string* text = (*back->as_array())[i].as_string();
        EXPECT_EQ(tokenizer.decode(encode(texts[i], with_special)), text ? *text : texts[i])
            << "text " << i;
    }
}

Result<Tokenizer> open(const Json& one, const Path& folder) {
    if (const Json* json = one.find("tokenizer")) {
        const Json* config = one.find("config");
        return Tokenizer::make(TRY(read_json_tokenizer(*json, config ? *config : Json())));
    }
    Checkpoint checkpoint = TRY(Checkpoint::open(folder / one.string_or("gguf", "")));
    return Tokenizer::from(checkpoint);
}

void check_folder(const Path& folder) {
    auto shared = read_json(folder / "texts.json");
    ASSERT_TRUE(shared) << shared.error().what;
    Texts shared_texts = strings(shared->find("texts"));
    size_t cases = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json" || entry.path().filename() == "texts.json")
            continue;
        auto file = read_json(entry.path());
        ASSERT_TRUE(file) << file.error().what;
        for (const Json& one : *file->find("cases")->as_array()) {
            SCOPED_TRACE(entry.path().filename().string() + " " + one.string_or("name", ""));
            Texts own = strings(one.find("texts"));
            const Texts& texts = one.find("texts") ? own : shared_texts;
            cases++;
            if (one.find("splits")) {
                check_splits(one, texts);
                continue;
            }
            auto tokenizer = open(one, folder);
            ASSERT_TRUE(tokenizer) << tokenizer.error().what;
            check_ids(one, texts, *tokenizer);
        }
    }
    EXPECT_GT(cases, 0u);
}

TEST(Golden, TextIsCutAndNumberedAsOthersDo) {
    check_folder(testing::source_folder() / "tests/golden/tokenizers");
}

TEST(Golden, LargerCases) {
    const char* folder = std::getenv("LINNET_TOKENIZER_CASES");
    if (!folder)
        GTEST_SKIP() << "make_tokenizers.py --full makes them; LINNET_TOKENIZER_CASES names them";
    check_folder(folder);
}

}  // namespace
}  // namespace linnet
