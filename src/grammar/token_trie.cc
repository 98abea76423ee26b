#include "grammar/token_trie.h"

#include <algorithm>

namespace linnet {

static constexpr uint32_t no_number = 0xFFFF'FFFF;

TokenTrie::TokenTrie(std::span<const Token> tokens, size_t vocabulary,
                     std::span<const TokenId> ends)
    : number_of_(vocabulary, no_number), ends_(ends.begin(), ends.end()) {
    std::vector<Token> sorted;
    for (const Token& token : tokens)
        if (!token.bytes.empty()) sorted.push_back(token);
    std::ranges::sort(sorted, [](const Token& a, const Token& b) {
        return a.bytes != b.bytes ? a.bytes < b.bytes : a.id < b.id;
    });
    std::vector<uint32_t> path;  // the nodes of the token before
    std::string_view before;
    for (const Token& token : sorted) {
        auto number = static_cast<uint32_t>(ids_.size());
        std::string_view text = token.bytes;
        size_t same = 0;
        while (same < std::min(before.size(), text.size()) && before[same] == text[same]) same++;
        auto close = [&](uint32_t node) {
            nodes_[node].next = static_cast<uint32_t>(nodes_.size());
        };
        for (size_t i = same; i < path.size(); i++) close(path[i]);
        path.resize(same);
        for (size_t i = same; i < text.size(); i++) {
            path.push_back(static_cast<uint32_t>(nodes_.size()));
            nodes_.push_back(
                {static_cast<uint8_t>(text[i]), static_cast<uint32_t>(i + 1), 0, number});
        }
        begins_.push_back(packed_.size());
        packed_ += text;
        ids_.push_back(token.id);
        number_of_[static_cast<size_t>(token.id)] = number;
        longest_ = std::max(longest_, text.size());
        if (text.size() == 1) single_bytes_.set(static_cast<uint8_t>(text[0]));
        before = text;
    }
    for (uint32_t node : path) nodes_[node].next = static_cast<uint32_t>(nodes_.size());
    begins_.push_back(packed_.size());
    nodes_.push_back({0, 0, 0, static_cast<uint32_t>(ids_.size())});
}

TokenTrie TokenTrie::of(const Tokenizer& tokenizer) {
    std::vector<Token> tokens;
    for (TokenId id = 0; id < tokenizer.size(); id++) {
        TokenType type = tokenizer.type(id);
        bool text =
            type == TokenType::Normal || type == TokenType::UserDefined || type == TokenType::Byte;
        if (text && !tokenizer.is_end(id) && !tokenizer.is_control(id))
            tokens.push_back({tokenizer.bytes(id), id});
    }
    return TokenTrie(tokens, static_cast<size_t>(tokenizer.size()), tokenizer.ends());
}

std::string_view TokenTrie::bytes_of(TokenId id) const {
    if (id < 0 || static_cast<size_t>(id) >= number_of_.size()) return {};
    uint32_t number = number_of_[static_cast<size_t>(id)];
    return number == no_number ? std::string_view() : bytes(number);
}

std::vector<TokenId> TokenTrie::cut(std::string_view text) const {
    std::vector<TokenId> out;
    while (!text.empty()) {
        TokenId longest = no_token;
        size_t at = 0, end = nodes();  // the children of the node that was reached
        for (size_t i = 0; i < text.size(); i++) {
            while (at < end && nodes_[at].byte != static_cast<uint8_t>(text[i]))
                at = nodes_[at].next;
            if (at >= end) break;
            if (tokens_end(at) > nodes_[at].first_token) longest = ids_[nodes_[at].first_token];
            end = nodes_[at].next;
            at++;
        }
        if (longest == no_token) break;
        out.push_back(longest);
        text.remove_prefix(bytes_of(longest).size());
    }
    return out;
}

bool TokenTrie::is_end(TokenId id) const {
    return std::ranges::find(ends_, id) != ends_.end();
}

}  // namespace linnet
