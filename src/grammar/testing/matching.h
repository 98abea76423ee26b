// Vocabularies for tests of grammars, and walks through them.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "base/testing/result.h"
#include "grammar/gbnf.h"
#include "grammar/matcher.h"
#include "grammar/regex.h"

namespace linnet::testing {

// A token for every byte, and one for each of `words`. The last id ends a text.
inline std::shared_ptr<const TokenTrie> make_trie(std::span<const std::string> words) {
    std::vector<std::string> texts;
    for (int byte = 0; byte < 256; byte++) texts.push_back(std::string(1, static_cast<char>(byte)));
    texts.insert(texts.end(), words.begin(), words.end());
    std::vector<TokenTrie::Token> tokens;
    for (size_t i = 0; i < texts.size(); i++) tokens.push_back({texts[i], static_cast<TokenId>(i)});
    auto end = static_cast<TokenId>(texts.size());
    return std::make_shared<TokenTrie>(tokens, texts.size() + 1, std::vector<TokenId>{end});
}

inline std::shared_ptr<const TokenTrie> byte_trie() {
    return make_trie({});
}

inline std::shared_ptr<const TokenGrammar> with(std::shared_ptr<const TokenTrie> trie,
                                                const Draft& draft, RuleId root) {
    return must(TokenGrammar::make(must(compile(draft, root)), std::move(trie)));
}

inline std::shared_ptr<const TokenGrammar> gbnf(
    std::string_view text, std::shared_ptr<const TokenTrie> trie = byte_trie()) {
    Draft draft;
    RuleId root = must(draft_gbnf(draft, text));
    return with(std::move(trie), draft, root);
}

inline std::shared_ptr<const TokenGrammar> regex(
    std::string_view text, std::shared_ptr<const TokenTrie> trie = byte_trie()) {
    Draft draft;
    RuleId root = must(draft_regex(draft, text, Unicode()));
    return with(std::move(trie), draft, root);
}

inline bool matches(const std::shared_ptr<const TokenGrammar>& grammar, std::string_view text) {
    Matcher matcher(grammar);
    return matcher.accept_bytes(text) && matcher.may_end();
}

struct Walked {
    std::string text;
    bool ended = false;  // the text is one of the grammar's
    size_t tokens = 0;
};

// Takes random tokens of the masks, at most `tokens_max`; every token counts alike, unless
// `choose` picks one of the ids.
template <class Choose>
Walked walk(const std::shared_ptr<const TokenGrammar>& grammar, size_t tokens_max, Choose choose) {
    Matcher matcher(grammar);
    Walked out;
    while (out.tokens < tokens_max && !matcher.is_done()) {
        const TokenMask& mask = matcher.allowed(tokens_max - out.tokens);
        std::vector<TokenId> ids;
        for (size_t id = 0; id < grammar->trie().vocabulary(); id++)
            if (mask.has(static_cast<TokenId>(id))) ids.push_back(static_cast<TokenId>(id));
        EXPECT_FALSE(ids.empty()) << "nothing may follow " << out.text << " with "
                                  << tokens_max - out.tokens;
        if (ids.empty()) return out;
        TokenId id = choose(ids);
        EXPECT_TRUE(matcher.accept(id)) << id << " behind " << out.text;
        out.text += grammar->trie().bytes_of(id);
        out.tokens++;
    }
    out.ended = matcher.may_end();
    return out;
}

inline Walked random_walk(const std::shared_ptr<const TokenGrammar>& grammar, size_t tokens_max,
                          Rng& rng) {
    return walk(grammar, tokens_max,
                [&](const std::vector<TokenId>& ids) { return ids[rng.below(ids.size())]; });
}

// The mask as it is by its meaning: each token tried by itself.
inline std::set<TokenId> tried(const std::shared_ptr<const TokenGrammar>& grammar,
                               std::string_view before) {
    std::set<TokenId> out;
    for (size_t id = 0; id < grammar->trie().vocabulary(); id++) {
        Matcher matcher(grammar);
        EXPECT_TRUE(matcher.accept_bytes(before));
        if (matcher.accept(static_cast<TokenId>(id))) out.insert(static_cast<TokenId>(id));
    }
    return out;
}

inline std::set<TokenId> ids_of(const TokenMask& mask, size_t vocabulary) {
    std::set<TokenId> out;
    for (size_t id = 0; id < vocabulary; id++)
        if (mask.has(static_cast<TokenId>(id))) out.insert(static_cast<TokenId>(id));
    return out;
}

}  // namespace linnet::testing
