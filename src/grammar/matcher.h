// A grammar together with a vocabulary, and one answer's way through it.
//
//     auto grammar = TRY(TokenGrammar::make(TRY(compile(draft, root)), trie));
//     Matcher matcher(grammar);
//     ... choose a token of matcher.allowed(tokens_left), then matcher.accept(token) ...
//
// From the number of tokens that are left, a Matcher allows only what can still come to an end.
#pragma once

#include <memory>
#include <string>

#include "base/queue.h"
#include "grammar/masks.h"

namespace linnet {

// Immutable, but for a store of warm caches that matchers take and give back; thread-safe.
class TokenGrammar {
  public:
    // Unsupported where the vocabulary cannot say what the grammar wants.
    static Result<std::shared_ptr<const TokenGrammar>> make(std::shared_ptr<const Grammar> grammar,
                                                            std::shared_ptr<const TokenTrie> trie);

    const TokenTrie& trie() const { return *trie_; }
    // Tokens that suffice for the shortest text.
    uint32_t shortest() const;

  private:
    friend class Matcher;
    struct Warm {
        Warm(const Grammar& grammar, std::span<const uint32_t> distance, const TokenTrie& trie)
            : states(grammar, distance), masks(states, trie) {}
        States states;
        Masks masks;
    };
    static constexpr size_t warm_max = 4;
    TokenGrammar(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie);
    std::unique_ptr<Warm> take() const;
    void give_back(std::unique_ptr<Warm> warm) const { warm_.try_push(std::move(warm)); }

    std::shared_ptr<const Grammar> grammar_;
    std::shared_ptr<const TokenTrie> trie_;
    std::vector<uint32_t> distance_;  // in tokens, by node
    mutable BoundedQueue<std::unique_ptr<Warm>> warm_{warm_max};
};

// Not thread-safe.
class Matcher {
  public:
    static constexpr uint32_t no_limit = no_way - 1;
    static constexpr size_t forced_max = 256;

    explicit Matcher(std::shared_ptr<const TokenGrammar> grammar);
    ~Matcher();
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;

    // The tokens that may come next if it and what follows shall be at most `tokens_left`, 1 or
    // more; end tokens where the text may end here. Never empty before the end. Where the shortest
    // end needs more, only tokens that come nearer to it. Valid until the next call.
    const TokenMask& allowed(size_t tokens_left = no_limit);
    // False, and nothing changes, where the token is not allowed.
    bool accept(TokenId token);
    bool accept_bytes(std::string_view bytes);

    bool may_end() const;  // the text is one of the grammar's
    bool is_done() const;  // and nothing can follow
    // Whether the text could be read in so many ways that some were left out: then less is allowed
    // than the grammar says.
    bool forgot() const { return warm_->states.forgot(); }
    // The text that must come next, whatever is chosen; at most forced_max bytes.
    std::string forced();

  private:
    std::shared_ptr<const TokenGrammar> grammar_;
    std::unique_ptr<TokenGrammar::Warm> warm_;
    uint32_t state_;
    bool ended_ = false;  // by an end token
};

}  // namespace linnet
