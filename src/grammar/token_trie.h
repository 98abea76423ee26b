// A vocabulary's tokens by their bytes, laid out for walking all of them at once: what begins alike
// is walked once, and what cannot go on is passed over in one step.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/draft.h"
#include "text/tokenizer.h"

namespace linnet {

class TokenTrie {
  public:
    struct Token {
        std::string_view bytes;
        TokenId id;
    };
    // Tokens without bytes are left out. `vocabulary` is how many ids there are.
    TokenTrie(std::span<const Token> tokens, size_t vocabulary, std::span<const TokenId> ends);
    // What a model may write as text: no control tokens, none that are unused.
    static TokenTrie of(const Tokenizer& tokenizer);

    // Nodes in order of depth-first walking; the first is a child of the root.
    struct Node {
        uint8_t byte;
        uint32_t depth;        // 1 for the first byte of tokens
        uint32_t next;         // the first node behind those below this one
        uint32_t first_token;  // those that end here, up to the next node's
    };
    size_t nodes() const { return nodes_.size() - 1; }
    const Node& node(size_t i) const { return nodes_[i]; }
    // Token numbers are in the order of the nodes, so those below a node lie side by side.
    uint32_t tokens_end(size_t node) const { return nodes_[node + 1].first_token; }
    TokenId id(uint32_t token) const { return ids_[token]; }
    std::string_view bytes(uint32_t token) const {
        return std::string_view(packed_).substr(begins_[token],
                                                begins_[token + 1] - begins_[token]);
    }
    // Of a token by its id; empty where it stands for no text.
    std::string_view bytes_of(TokenId id) const;

    // A text as tokens, each the longest that goes on; up to where none does.
    std::vector<TokenId> cut(std::string_view text) const;

    size_t vocabulary() const { return number_of_.size(); }
    size_t longest() const { return longest_; }                    // bytes of a token
    const ByteSet& single_bytes() const { return single_bytes_; }  // that are tokens of their own
    std::span<const TokenId> ends() const { return ends_; }
    bool is_end(TokenId id) const;

  private:
    std::vector<Node> nodes_;  // and one behind the last
    std::vector<TokenId> ids_;
    std::string packed_;
    std::vector<size_t> begins_;
    std::vector<uint32_t> number_of_;  // by id
    std::vector<TokenId> ends_;
    size_t longest_ = 0;
    ByteSet single_bytes_;
};

}  // namespace linnet
