// What every front end promises of a stranger's grammar: an error in a sentence, or an automaton
// through which random walks come to an end in time.
#pragma once

#include "base/rng.h"
#include "grammar/matcher.h"

namespace linnet::testing {

inline std::shared_ptr<const TokenTrie> fuzz_trie() {
    std::vector<std::string> texts;
    for (int byte = 0; byte < 256; byte++) texts.push_back(std::string(1, static_cast<char>(byte)));
    for (const char* word : {"\": \"", "\", \"", "aa", "aaaa", "{\"", "\"}", "], ", "00", "\xC3"})
        texts.emplace_back(word);
    std::vector<TokenTrie::Token> tokens;
    for (size_t i = 0; i < texts.size(); i++) tokens.push_back({texts[i], static_cast<TokenId>(i)});
    auto end = static_cast<TokenId>(texts.size());
    return std::make_shared<TokenTrie>(tokens, texts.size() + 1, std::vector<TokenId>{end});
}

inline void fuzz_grammar(const Draft& draft, const Result<RuleId>& root, uint64_t seed) {
    auto explained = [](const Error& error) {
        check(error.code == Code::Usage, "a wrong grammar is the user's");
        check(!error.what.empty(), "an error says what is wrong");
    };
    if (!root) return explained(root.error());
    auto compiled = compile(draft, *root);
    if (!compiled) return explained(compiled.error());
    static const auto trie = fuzz_trie();
    auto grammar = TokenGrammar::make(*compiled, trie);
    check(bool(grammar), "every byte has a token");
    Rng rng(seed);
    size_t tokens = std::min<size_t>((*grammar)->shortest() + 10, 60);
    Matcher matcher(*grammar);
    for (size_t i = 0; i < tokens && !matcher.is_done(); i++) {
        const TokenMask& mask = matcher.allowed(tokens - i);
        check(mask.count() > 0, "something may always come next");
        auto token = static_cast<TokenId>(rng.below(trie->vocabulary()));
        while (!mask.has(token)) token = (token + 1) % static_cast<TokenId>(trie->vocabulary());
        check(matcher.accept(token), "what the mask allows is accepted");
    }
    bool in_time = tokens >= (*grammar)->shortest();
    check(!in_time || matcher.may_end() || matcher.forgot(), "a walk ends in time");
}

}  // namespace linnet::testing
