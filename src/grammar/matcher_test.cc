#include "grammar/matcher.h"

#include <gtest/gtest.h>

#include "grammar/testing/matching.h"

namespace linnet {
namespace {

using testing::byte_trie;
using testing::gbnf;
using testing::make_trie;

// Nested lists of numbers and words: calls, repeats and rests behind a rule's end.
constexpr std::string_view lists =
    "root ::= list\n"
    "list ::= \"[\" (value (\", \" value)*)? \"]\"\n"
    "value ::= list | word | number\n"
    "word ::= \"\\\"\" [a-z]{0,40} \"\\\"\"\n"
    "number ::= \"-\"? ([0-9] | [1-9] [0-9]{1,8})\n";

std::vector<std::string> list_tokens() {
    return {"[[", "]]",  "],",  "], ", "], [", "\", \"",   "\"]", "ab",  "abc", "12",   "123",
            ", ", ", -", "\"a", "a\"", "a\"]", "zzzzzzzz", "1]",  "[\"", "]]]", "\"\"", "x\", 1"};
}

TEST(Matcher, MasksSayWhatEachTokenByItselfSays) {
    auto grammar = gbnf(lists, make_trie(list_tokens()));
    for (std::string_view before : {"", "[", "[[", "[\"", "[\"abc", "[\"a\"", "[\"a\", ", "[1",
                                    "[12", "[[1], ", "[[[\"x\"]]", "[-", "[-1", "[[]"}) {
        Matcher matcher(grammar);
        ASSERT_TRUE(matcher.accept_bytes(before));
        EXPECT_EQ(testing::ids_of(matcher.allowed(), grammar->trie().vocabulary()),
                  testing::tried(grammar, before))
            << before;
    }
}

TEST(Matcher, CountsAreKeptAcrossTokens) {
    auto grammar = gbnf("root ::= \"<\" [a-z]{3,20} \">\"", make_trie(list_tokens()));
    for (size_t length = 0; length <= 20; length++) {
        std::string before = "<" + std::string(length, 'q');
        Matcher matcher(grammar);
        ASSERT_TRUE(matcher.accept_bytes(before));
        EXPECT_EQ(testing::ids_of(matcher.allowed(), grammar->trie().vocabulary()),
                  testing::tried(grammar, before))
            << length;
    }
    EXPECT_FALSE(testing::matches(grammar, "<ab>"));
    EXPECT_TRUE(testing::matches(grammar, "<abc>"));
    EXPECT_FALSE(testing::matches(grammar, "<" + std::string(21, 'q') + ">"));
}

TEST(Matcher, EndsInTimeWhateverIsChosen) {
    auto grammar = gbnf(lists, make_trie(list_tokens()));
    Rng rng(1);
    for (size_t tokens = grammar->shortest(); tokens < 40; tokens++)
        for (int i = 0; i < 20; i++) {
            auto walked = testing::random_walk(grammar, tokens, rng);
            EXPECT_TRUE(walked.ended) << tokens << ": " << walked.text;
        }
}

TEST(Matcher, WholeTokensCountOnceWhereTheTextIsForced) {
    std::vector<std::string> words{"constrained", " output"};
    EXPECT_EQ(gbnf("root ::= \"constrained output\"")->shortest(), 18u);
    auto grammar = gbnf("root ::= \"constrained output\"", make_trie(words));
    EXPECT_EQ(grammar->shortest(), 2u);
    Matcher matcher(grammar);
    // Two tokens suffice, and only these two.
    EXPECT_EQ(matcher.allowed(2).count(), 1u);
    EXPECT_TRUE(matcher.allowed(2).has(256));
}

TEST(Matcher, TellsWhatIsForced) {
    auto grammar = gbnf("root ::= \"{\\\"name\\\": \" [a-z] \"}\"");
    Matcher matcher(grammar);
    EXPECT_EQ(matcher.forced(), "{\"name\": ");
    EXPECT_TRUE(matcher.accept_bytes("{\"name\": "));
    EXPECT_EQ(matcher.forced(), "");
    EXPECT_TRUE(matcher.accept_bytes("x"));
    EXPECT_EQ(matcher.forced(), "}");
    EXPECT_FALSE(matcher.may_end());
    EXPECT_TRUE(matcher.accept_bytes("}"));
    EXPECT_TRUE(matcher.may_end());
    EXPECT_TRUE(matcher.is_done());
    EXPECT_EQ(matcher.forced(), "");
}

TEST(Matcher, EndTokensOnlyWhereTheTextMayEnd) {
    auto grammar = gbnf("root ::= \"a\"+");
    constexpr TokenId end = 256;
    Matcher matcher(grammar);
    EXPECT_FALSE(matcher.allowed().has(end));
    EXPECT_FALSE(matcher.accept(end));
    EXPECT_TRUE(matcher.accept('a'));
    EXPECT_TRUE(matcher.allowed().has(end));
    EXPECT_FALSE(matcher.is_done());
    EXPECT_TRUE(matcher.accept(end));
    EXPECT_TRUE(matcher.is_done());
    EXPECT_FALSE(matcher.accept('a'));
}

TEST(Matcher, TokensMayEndWithinACharacter) {
    std::vector<std::string> words{"\xE2\x82", "\xAC", "\xE2\x82\xAC", "\xF0\x9F"};
    auto grammar = gbnf("root ::= [\u20ac]+", make_trie(words));
    Matcher matcher(grammar);
    EXPECT_TRUE(matcher.allowed().has(256));
    EXPECT_FALSE(matcher.allowed().has(259));
    EXPECT_TRUE(matcher.accept(256));
    EXPECT_FALSE(matcher.may_end());
    EXPECT_TRUE(matcher.accept(257));
    EXPECT_TRUE(matcher.may_end());
}

TEST(Matcher, EndlessTextsStaySmall) {
    // Right recursion, and a count that never ends.
    for (std::string_view text : {"root ::= \"ab\" root | \"c\"", "root ::= \"ab\"{7,} \"c\"",
                                  "root ::= (\"a\" | \"b\")* \"c\""}) {
        auto grammar = gbnf(text);
        Matcher matcher(grammar);
        for (int i = 0; i < 5000; i++) {
            ASSERT_TRUE(matcher.accept_bytes("ab"));
            matcher.allowed();
        }
        EXPECT_TRUE(matcher.accept_bytes("c"));
        EXPECT_TRUE(matcher.is_done());
    }
}

TEST(Matcher, DeepNestingIsForgottenInTime) {
    auto grammar = gbnf("root ::= \"(\" root? \")\"");
    Matcher matcher(grammar);
    constexpr int depth = 300'000;
    for (int i = 0; i < depth; i++) ASSERT_TRUE(matcher.accept_bytes("("));
    for (int i = 0; i < depth - 1; i++) ASSERT_TRUE(matcher.accept_bytes(")"));
    EXPECT_FALSE(matcher.may_end());
    EXPECT_TRUE(matcher.accept_bytes(")"));
    EXPECT_TRUE(matcher.is_done());
}

TEST(Matcher, AVocabularyWithoutTheBytesIsRefused) {
    std::vector<TokenTrie::Token> tokens{{"a", 0}, {"bc", 1}};
    auto trie = std::make_shared<TokenTrie>(tokens, 3, std::vector<TokenId>{2});
    Draft draft;
    RuleId root = testing::must(draft_gbnf(draft, "root ::= \"a\" \"xyz\""));
    testing::expect_refused(TokenGrammar::make(testing::must(compile(draft, root)), trie),
                            Code::Unsupported, "no tokens for some bytes");
    // What can be said with the tokens there are is allowed.
    Draft other;
    root = testing::must(draft_gbnf(other, "root ::= \"a\" (\"bc\" | \"x\")"));
    auto grammar = testing::with(trie, other, root);
    Matcher matcher(grammar);
    EXPECT_TRUE(matcher.accept(0));
    EXPECT_EQ(matcher.allowed().count(), 1u);
    EXPECT_TRUE(matcher.accept(1));
    EXPECT_TRUE(matcher.is_done());
}

TEST(TokenTrie, CutsIntoTheLongest) {
    std::vector<TokenTrie::Token> tokens{{"a", 0}, {"ab", 1}, {"abcd", 2}, {"b", 3}, {"ca", 4}};
    TokenTrie trie(tokens, 5, {});
    EXPECT_EQ(trie.cut("abcab"), (std::vector<TokenId>{1, 4, 3}));
    EXPECT_EQ(trie.cut("abcdaxb"), (std::vector<TokenId>{2, 0}));
    EXPECT_TRUE(trie.cut("").empty());
}

}  // namespace
}  // namespace linnet
