// Which tokens a grammar allows next.
//
// Main idea: what a token may do depends almost only on the node at which it starts. So each node
// gets, when it is first reached, one walk over the whole vocabulary (about a millisecond where
// much is allowed), which tells the tokens that end within the node's rule, and those that leave
// it, by what they still have to say there. A mask is then made of the first as they are, and of
// the second by looking at each different rest once: 2 to 20 µs at 49k tokens (grammar_bench).
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/states.h"
#include "grammar/token_trie.h"

namespace linnet {

// A set of token ids.
class TokenMask {
  public:
    TokenMask() = default;
    explicit TokenMask(size_t tokens) : words_((tokens + 63) / 64, 0) {}
    void set(TokenId id) { words_[static_cast<size_t>(id) / 64] |= bit(id); }
    void reset(TokenId id) { words_[static_cast<size_t>(id) / 64] &= ~bit(id); }
    bool has(TokenId id) const {
        size_t word = static_cast<size_t>(id) / 64;
        return id >= 0 && word < words_.size() && (words_[word] & bit(id)) != 0;
    }
    void join(const TokenMask& other) {
        for (size_t i = 0; i < words_.size(); i++) words_[i] |= other.words_[i];
    }
    void set_all() { words_.assign(words_.size(), ~uint64_t{0}); }
    size_t count() const;
    std::span<const uint64_t> words() const { return words_; }

  private:
    static uint64_t bit(TokenId id) { return uint64_t{1} << (static_cast<size_t>(id) % 64); }
    std::vector<uint64_t> words_;
};

class Masks {
  public:
    static constexpr size_t bytes_max = 64 << 20;

    // Both must outlive it.
    Masks(States& states, const TokenTrie& trie) : states_(states), trie_(trie) {}

    // The tokens after which the end is at most `distance_max` steps away, end tokens included
    // where the text may end. Valid until the next call.
    const TokenMask& of(uint32_t state, uint32_t distance_max);
    // The states got new numbers, and there is room for more of them.
    void forget_states() {
        whole_.clear();
        std::erase_if(walks_, [](const auto& entry) { return entry.second.partial; });
    }

  private:
    // What a walk from one node found, seen from there.
    struct Walk {
        struct Late {
            uint32_t distance;
            TokenId id;
        };
        // Tokens that need the text behind the rule to be `rest`.
        struct Exit {
            std::string_view rest;
            std::vector<TokenId> tokens;
        };
        TokenMask mask;                 // empty where the tokens are few
        std::vector<Late> by_distance;  // all that end within, the farthest first
        std::vector<Exit> exits;        // by rest
        uint32_t frame_distance = 0;    // of the frame that the walk started in
        bool partial = false;           // there was no room for all states
        size_t bytes() const;
    };
    // The node, and of a counted call of something short the counts as far as a token can tell.
    struct Key {
        uint32_t node, call, needed, left;
        auto operator<=>(const Key&) const = default;
    };
    struct Whole {
        TokenMask mask;
        uint32_t distance_most = 0;  // after any of its tokens
    };
    bool is_thin(uint32_t frame) const;
    Key key_of(States::Config config) const;
    const Walk& walk_of(States::Config config);
    Walk walk(States::Config start);
    void find_exits(std::span<const uint32_t> leaving, const TokenMask& within, Walk& walk) const;
    Whole make(uint32_t state, uint32_t distance_max);
    void add_exits(const Walk& walk, uint32_t state, uint32_t distance_max, Whole& out);

    States& states_;
    const TokenTrie& trie_;
    std::map<Key, Walk> walks_;
    size_t walks_bytes_ = 0;
    std::unordered_map<uint32_t, Whole> whole_;  // by state; those that no distance cuts
    Whole latest_;
};

}  // namespace linnet
