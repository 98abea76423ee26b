#include "grammar/gbnf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "base/text.h"
#include "grammar/testing/matching.h"

namespace linnet {
namespace {

using testing::gbnf;
using testing::matches;

Result<RuleId> parsed(std::string_view text) {
    Draft draft;
    RuleId root = TRY(draft_gbnf(draft, text));
    TRY(compile(draft, root));
    return root;
}

TEST(Gbnf, ReadsItsNotation) {
    auto grammar = gbnf(
        "# A comment\n"
        "root  ::= greeting \", \" name (\" and \" name){0,2} [.!?]\n"
        "greeting ::= \"Hello\" |  # either\n"
        "   \"Good\\x20day\"\n"
        "name ::= [A-Z] [a-z]+\n");
    EXPECT_TRUE(matches(grammar, "Hello, Ada!"));
    EXPECT_TRUE(matches(grammar, "Good day, Ada and Bob and Eve."));
    EXPECT_FALSE(matches(grammar, "Hello, Ada and Bob and Eve and Joe."));
    EXPECT_FALSE(matches(grammar, "Hello, ada!"));
    EXPECT_FALSE(matches(grammar, "Hello, Ada"));
}

TEST(Gbnf, EscapesAndClasses) {
    auto grammar = gbnf("root ::= \"\\\"\\n\\u20ac\" [^a\\]\\n-] [\\x30-\\x39a\\-] .");
    EXPECT_TRUE(matches(grammar, "\"\n\u20ac\u00e90\n"));
    EXPECT_TRUE(matches(grammar, "\"\n\u20acb-x"));
    EXPECT_FALSE(matches(grammar, "\"\n\u20aca0x"));
    EXPECT_FALSE(matches(grammar, "\"\n\u20ac]0x"));
    EXPECT_FALSE(matches(grammar, "\"\n\u20acb0\x80"));
}

TEST(Gbnf, SaysWhatIsWrongAndWhere) {
    auto refused = [](std::string_view text, std::string_view part) {
        testing::expect_refused(parsed(text), Code::Usage, part, text);
    };
    refused("", "no rule 'root'");
    refused("other ::= \"x\"", "no rule 'root'");
    refused("root ::= a\nb ::= \"x\"", "'a' is used in line 1 and never defined");
    refused("root ::= \"x\"\nroot ::= \"y\"",
            "line 2 of the grammar: the rule 'root' is defined twice");
    refused("root ::= \"x", "line 1 of the grammar: a literal is not closed");
    refused("root ::= \"x\"\n\n= \"y\"", "line 3 of the grammar: a rule starts with its name");
    refused("root = \"x\"", "'::=' is missing behind 'root'");
    refused("root ::= (\"x\"", "a '(' is not closed");
    refused("root ::= [z-a]", "runs backwards");
    refused("root ::= \"x\"{3,1}", "most is less than its least");
    refused("root ::= \"x\"{2000000}", "more than 1000000");
    refused("root ::= \"\\q\"", "the escape \\q is not known");
    refused("root ::= <think>", "tokens such as <think>");
    refused("root ::= expr\nexpr ::= expr \"+\" expr | \"1\"",
            "left recursion: 'expr' begins with 'expr'");
    refused("root ::= a\na ::= b? c\nb ::= \"x\"\nc ::= a \"y\" | \"z\"",
            "left recursion: 'a' begins with 'c' begins with 'a'");
    refused("root ::= \"x\" root", "no text can fit");
    refused("root ::= " + std::string(200, '(') + "\"x\"" + std::string(200, ')'), "nest deeper");
}

TEST(Gbnf, HostileGrammarsStayBounded) {
    auto bounded = [](const std::string& text) {
        Draft draft;
        auto root = draft_gbnf(draft, text);
        if (!root) return;
        auto grammar = compile(draft, *root);
        if (!grammar) return;
        Matcher matcher(testing::must(TokenGrammar::make(*grammar, testing::byte_trie())));
        for (int i = 0; i < 200; i++)
            EXPECT_EQ(matcher.allowed().has('a'), matcher.accept_bytes("a"));
    };
    bounded("root ::= ((((\"a\"{1,1000000}){1,1000000}){1,1000000}){1,1000000})");
    bounded("root ::= (((((\"a\"*)*)*)*)*)*");
    bounded("root ::= (\"a\" | \"a\" root)* \"b\"");
    bounded("root ::= a a a a a a a a a a a a a a\na ::= b b b b b b b b\nb ::= \"a\"* \"b\"?");
    bounded("root ::= [ab]* \"a\" [ab]{30} [ab]*");
    bounded(
        "root ::= ([ab]* \"a\" [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] "
        "[ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab] [ab])");
    std::string chain = "root ::= r0\n";
    for (int i = 0; i < 30; i++)
        chain += cat("r", i, " ::= r", i + 1, " r", i + 1, " | \"a\" r", i + 1, "\n");
    bounded(chain + "r30 ::= \"a\"");
}

// A grammar over a and b as a tree, matched by trying everything.
struct Node {
    enum class Kind { Text, Any, Seq, Alt, Repeat, Call };
    Kind kind = Kind::Text;
    std::string text{};
    std::vector<Node> parts{};
    int least = 0, most = 0;  // most of -1: no end

    std::string print() const {
        std::vector<std::string> printed;
        for (const Node& part : parts) printed.push_back(part.print());
        switch (kind) {
            case Kind::Text:
                return cat("\"", text, "\"");
            case Kind::Any:
                return "[ab]";
            case Kind::Seq:
                return cat("(", linnet::join(printed, " "), ")");
            case Kind::Alt:
                return cat("(", linnet::join(printed, " | "), ")");
            case Kind::Repeat:
                return cat(printed[0], "{", least, ",", most < 0 ? "" : cat(most), "}");
            case Kind::Call:
                return "root";
        }
        return "";
    }
};

// Every place where a match may end, by trying everything once.
class Tried {
  public:
    Tried(const Node& root, std::string_view text) : root_(root), text_(text) {}
    bool whole() { return ends(root_, 0).contains(text_.size()); }

  private:
    using Ends = std::set<size_t>;
    const Ends& ends(const Node& node, size_t at) {
        auto known = known_.find({&node, at});
        if (known == known_.end())
            known = known_.emplace(std::pair(&node, at), find(node, at)).first;
        return known->second;
    }
    Ends all_ends(const Node& node, const Ends& from) {
        Ends out;
        for (size_t at : from) out.insert(ends(node, at).begin(), ends(node, at).end());
        return out;
    }
    Ends find(const Node& node, size_t at) {
        Ends out;
        switch (node.kind) {
            case Node::Kind::Text:
                if (text_.substr(at).starts_with(node.text)) out.insert(at + node.text.size());
                return out;
            case Node::Kind::Any:
                if (at < text_.size()) out.insert(at + 1);
                return out;
            case Node::Kind::Seq:
                out = {at};
                for (const Node& part : node.parts) out = all_ends(part, out);
                return out;
            case Node::Kind::Alt:
                for (const Node& part : node.parts) out.merge(Ends(ends(part, at)));
                return out;
            case Node::Kind::Repeat:
                return repeated(node, at);
            case Node::Kind::Call:
                return ends(root_, at);
        }
        return out;
    }
    Ends repeated(const Node& node, size_t at) {
        Ends now{at}, out;
        int rounds = node.most < 0 ? node.least + static_cast<int>(text_.size()) + 1 : node.most;
        if (node.least == 0) out = now;
        for (int i = 1; i <= rounds && !now.empty(); i++) {
            now = all_ends(node.parts[0], now);
            if (i >= node.least) out.insert(now.begin(), now.end());
        }
        return out;
    }

    const Node& root_;
    std::string_view text_;
    std::map<std::pair<const Node*, size_t>, Ends> known_;
};

Node random_node(Rng& rng, int depth) {
    uint64_t kind = depth == 0 ? rng.below(2) : rng.below(7);
    if (kind == 0) return {.text = std::string(1 + rng.below(2), rng.below(2) ? 'a' : 'b')};
    if (kind == 1) return {.kind = Node::Kind::Any};
    if (kind == 2) {
        // Behind a byte, so that it is no left recursion.
        return {.kind = Node::Kind::Seq, .parts = {{.text = "a"}, {.kind = Node::Kind::Call}}};
    }
    if (kind == 3) {
        int least = static_cast<int>(rng.below(4));
        int most =
            rng.below(3) == 0 ? -1 : least + static_cast<int>(rng.below(rng.below(2) ? 3 : 40));
        return {.kind = Node::Kind::Repeat,
                .parts = {random_node(rng, depth - 1)},
                .least = least,
                .most = most};
    }
    Node out{.kind = kind < 6 ? Node::Kind::Seq : Node::Kind::Alt};
    for (uint64_t i = 1 + rng.below(3); i > 0; i--)
        out.parts.push_back(random_node(rng, depth - 1));
    return out;
}

RC_GTEST_PROP(GbnfProperty, MatchesWhatTryingEverythingMatches, (uint64_t seed)) {
    Rng rng(seed);
    Node root = random_node(rng, 4);
    Draft draft;
    auto rule = draft_gbnf(draft, "root ::= " + root.print() + "\n");
    RC_ASSERT(rule);
    auto compiled = compile(draft, *rule);
    std::string text;
    if (!compiled) {
        // Nothing but endless recursion: no text of up to six letters fits either.
        for (unsigned bits = 0; bits < 127; bits++) {
            text.clear();
            for (unsigned rest = bits + 1; rest > 1; rest /= 2) text += rest % 2 ? 'a' : 'b';
            RC_ASSERT(!Tried(root, text).whole());
        }
        return;
    }
    auto grammar = testing::must(TokenGrammar::make(*compiled, testing::byte_trie()));
    for (int i = 0; i < 40; i++) {
        if (i % 2 == 0) {
            text.clear();
            for (uint64_t n = rng.below(12); n > 0; n--) text += rng.below(3) ? 'a' : 'b';
        } else {
            text = testing::random_walk(grammar, grammar->shortest() + 6, rng).text;
            if (text.size() > 60) continue;
        }
        Matcher matcher(grammar);
        bool fits = matcher.accept_bytes(text) && matcher.may_end();
        // Ambiguity without bound is cut, and then less is allowed, never more.
        if (!fits && matcher.forgot()) continue;
        RC_ASSERT(fits == Tried(root, text).whole());
    }
}

}  // namespace
}  // namespace linnet
