#include "grammar/regex.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>

#include "grammar/testing/matching.h"

namespace linnet {
namespace {

using testing::matches;

TEST(Regex, MatchesWholeTexts) {
    auto date = testing::regex("\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])");
    EXPECT_TRUE(matches(date, "2026-11-21"));
    EXPECT_FALSE(matches(date, "2026-13-21"));
    EXPECT_FALSE(matches(date, "2026-11-21 "));
    auto word = testing::regex("^(?:yes|no|(?<other>[^\\W\\d_]{2,}?))$");
    EXPECT_TRUE(matches(word, "maybe"));
    EXPECT_TRUE(matches(word, "no"));
    EXPECT_FALSE(matches(word, "n"));
    EXPECT_FALSE(matches(word, "n0pe"));
    auto odd = testing::regex("[]a\\]^-]+\\.\\x41\\u00e9\\u{1F600}\\p{Lu}{1}{x");
    EXPECT_TRUE(matches(odd, "]a^-.A\u00e9\U0001F600\u00c9{x"));
    auto dot = testing::regex("...");
    EXPECT_TRUE(matches(dot, "a\u00e9\U0001F600"));
    EXPECT_FALSE(matches(dot, "a\nb"));
}

TEST(Regex, SaysWhatItDoesNotDo) {
    Unicode unicode;
    auto refused = [&](std::string_view text, std::string_view part) {
        Draft draft;
        testing::expect_refused(draft_regex(draft, text, unicode), Code::Usage, part, text);
    };
    refused("(a", "a '(' is not closed, at byte 3 of the pattern '(a'");
    refused("a)", "closes nothing");
    refused("[a", "a '[' is not closed");
    refused("*a", "nothing to repeat");
    refused("a**", "a quantifier follows a quantifier");
    refused("a*+", "possessive");
    refused("a{5,2}", "most is less");
    refused("a{9999999}", "more than");
    refused("(?=a)b", "look-around");
    refused("(?<!a)b", "look-around");
    refused("(?i)a", "flags");
    refused("(a)\\1", "back references");
    refused("\\bword\\b", "word boundaries");
    refused("a^b", "at the ends of a pattern's alternatives");
    refused("\\p{Nonsense}", "'Nonsense' is not known");
    refused("\\y", "the escape \\y");
    refused("[b-a]", "backwards");
    refused("\\", "lone backslash");
    refused("\xFF", "not UTF-8");
    refused(std::string(300, '(') + std::string(300, ')'), "nest deeper");
}

std::string random_pattern(Rng& rng, int depth) {
    switch (depth == 0 ? rng.below(4) : rng.below(8)) {
        case 0:
            return "a";
        case 1:
            return "[bc]";
        case 2:
            return "[^a]";
        case 3:
            return "b";
        case 4:
            return "(" + random_pattern(rng, depth - 1) + "|" + random_pattern(rng, depth - 1) +
                   ")";
        case 5: {
            constexpr const char* quantifiers[] = {"*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"};
            return "(" + random_pattern(rng, depth - 1) + ")" + quantifiers[rng.below(7)];
        }
        default:
            return random_pattern(rng, depth - 1) + random_pattern(rng, depth - 1);
    }
}

RC_GTEST_PROP(RegexProperty, MatchesWhatTheStandardLibraryMatches, (uint64_t seed)) {
    Rng rng(seed);
    // Small, because the standard library tries one way after the other.
    std::string pattern = random_pattern(rng, 3);
    std::regex standard(pattern);
    auto grammar = testing::regex(pattern);
    for (int i = 0; i < 30; i++) {
        std::string text;
        for (uint64_t n = rng.below(7); n > 0; n--) text += static_cast<char>('a' + rng.below(4));
        if (i % 2 == 0) {
            auto walked = testing::walk(grammar, 6, [&](std::vector<TokenId> ids) {
                // std::regex knows bytes and no UTF-8.
                std::erase_if(ids, [](TokenId id) { return id >= 128 && id < 256; });
                return ids[rng.below(ids.size())];
            });
            text = walked.text;
        }
        RC_ASSERT(matches(grammar, text) == std::regex_match(text, standard));
    }
}

}  // namespace
}  // namespace linnet
