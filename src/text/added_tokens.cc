#include "text/added_tokens.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

Result<AddedTokens> AddedTokens::make(const std::vector<AddedToken>& tokens, bool normalized,
                                      const Unicode& unicode) {
    if (tokens.size() > tokens_max)
        return Error{Code::BadInput,
                     cat(tokens.size(), " added tokens; at most ", tokens_max, " are read")};
    AddedTokens out;
    bool any_single = false;
    for (const AddedToken& token : tokens) {
        if (token.normalized != normalized || token.text.empty()) continue;
        if (token.text.size() > token_bytes_max)
            return Error{Code::BadInput, cat("an added token of ", token.text.size(),
                                             " bytes; at most ", token_bytes_max, " are read")};
        any_single |= token.single_word;
        out.tokens_.push_back(token);
    }
    if (any_single) out.word_ = *unicode.property("UTS18_Word");
    std::vector<Trie::Entry> always, all;
    for (size_t i = 0; i < out.tokens_.size(); i++) {
        const AddedToken& token = out.tokens_[i];
        auto first = static_cast<uint8_t>(token.text[0]);
        all.push_back({token.text, static_cast<TokenId>(i)});
        out.starts_all_[first] = true;
        if (token.special) continue;
        always.push_back({token.text, static_cast<TokenId>(i)});
        out.starts_always_[first] = true;
    }
    out.always_ = Trie(std::move(always));
    out.all_ = Trie(std::move(all));
    return out;
}

// The longest token at `at` that may stand there.
const AddedToken* AddedTokens::match(const Trie& trie, std::string_view text, size_t at,
                                     size_t& end) const {
    Trie::Match longest = trie.longest(text, at);
    if (longest.id == no_token) return nullptr;
    const AddedToken& token = tokens_[static_cast<size_t>(longest.id)];
    end = at + longest.length;
    if (token.single_word) {
        auto is_word = [&](size_t place) { return word_.contains(decode_utf8(text, place).code); };
        size_t before = at;
        while (before > 0 && at - before < 4) {
            before--;
            if ((text[before] & 0xC0) != 0x80) break;
        }
        if (at > 0 && is_word(before)) return nullptr;
        if (end < text.size() && is_word(end)) return nullptr;
    }
    return &token;
}

bool AddedTokens::next(std::string_view text, size_t at, size_t done, bool special,
                       std::span<const size_t> breaks, Found& found) const {
    const Trie& trie = special ? all_ : always_;
    const auto& starts = special ? starts_all_ : starts_always_;
    if (trie.empty()) return false;
    for (; at < text.size(); at++) {
        if (!starts[static_cast<uint8_t>(text[at])]) continue;
        size_t end = 0;
        const AddedToken* token = match(trie, text, at, end);
        if (!token) continue;
        auto broken = std::upper_bound(breaks.begin(), breaks.end(), at);
        if (broken != breaks.end() && *broken < end) continue;
        size_t begin = at;
        while (token->lstrip && begin > done) {
            size_t before = begin - 1;
            while (before > done && begin - before < 4 && (text[before] & 0xC0) == 0x80) before--;
            if (!is_space(decode_utf8(text, before).code)) break;
            begin = before;
        }
        while (token->rstrip && end < text.size()) {
            Decoded after = decode_utf8(text, end);
            if (!is_space(after.code)) break;
            end += after.length;
        }
        found = {begin, end, token->id};
        return true;
    }
    return false;
}

}  // namespace linnet
