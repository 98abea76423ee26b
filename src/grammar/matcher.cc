#include "grammar/matcher.h"

#include <algorithm>

namespace linnet {
namespace {

const Grammar::Edge* only_edge(const Grammar& grammar, uint32_t node) {
    auto edges = grammar.edges_of(node);
    bool only =
        edges.size() == 1 && edges[0].first == edges[0].last && grammar.calls_of(node).empty();
    return only ? &edges[0] : nullptr;
}

// Tokens that go along `edge` of `start`, and then where only one text can follow.
void add_shortcuts(const Grammar& grammar, const TokenTrie& trie, uint32_t start,
                   const Grammar::Edge* edge, std::vector<Shortcut>& out) {
    size_t at = 0, end = trie.nodes();  // the children of the trie's node that was reached
    for (uint32_t depth = 1; edge; depth++) {
        while (at < end && trie.node(at).byte != edge->first) at = trie.node(at).next;
        if (at >= end) return;
        if (trie.tokens_end(at) > trie.node(at).first_token && depth > 1)
            out.push_back({start, edge->to});
        end = trie.node(at).next;
        at++;
        edge = only_edge(grammar, edge->to);
    }
}

std::vector<Shortcut> token_shortcuts(const Grammar& grammar, const TokenTrie& trie) {
    constexpr size_t edges_max = 64;  // of a node that are looked at
    std::vector<Shortcut> out;
    for (uint32_t start = 0; start < grammar.size(); start++) {
        auto edges = grammar.edges_of(start);
        for (size_t i = 0; i < std::min(edges.size(), edges_max); i++)
            if (edges[i].first == edges[i].last)
                add_shortcuts(grammar, trie, start, &edges[i], out);
    }
    return out;
}

}  // namespace

TokenGrammar::TokenGrammar(std::shared_ptr<const Grammar> grammar,
                           std::shared_ptr<const TokenTrie> trie)
    : grammar_(std::move(grammar)),
      trie_(std::move(trie)),
      distance_(distances(*grammar_, trie_->single_bytes(), token_shortcuts(*grammar_, *trie_))) {}

Result<std::shared_ptr<const TokenGrammar>> TokenGrammar::make(
    std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie) {
    std::shared_ptr<const TokenGrammar> made(new TokenGrammar(std::move(grammar), std::move(trie)));
    if (made->shortest() >= no_way)
        return Error{Code::Unsupported,
                     "the model's vocabulary has no tokens for some bytes that the grammar needs",
                     "use a model whose vocabulary has a token for every byte"};
    return made;
}

uint32_t TokenGrammar::shortest() const {
    return distance_[grammar_->entry];
}

std::unique_ptr<TokenGrammar::Warm> TokenGrammar::take() const {
    if (auto warm = warm_.try_pop()) return std::move(*warm);
    return std::make_unique<Warm>(*grammar_, distance_, *trie_);
}

Matcher::Matcher(std::shared_ptr<const TokenGrammar> grammar)
    : grammar_(std::move(grammar)), warm_(grammar_->take()), state_(warm_->states.first()) {}

Matcher::~Matcher() {
    grammar_->give_back(std::move(warm_));
}

const TokenMask& Matcher::allowed(size_t tokens_left) {
    States& states = warm_->states;
    uint32_t nearer = states.distance(state_) > 0 ? states.distance(state_) - 1 : 0;
    auto left =
        static_cast<uint32_t>(std::min<size_t>(std::max<size_t>(tokens_left, 1) - 1, no_limit));
    const TokenMask& mask = warm_->masks.of(state_, std::max(left, nearer));
    // Only where ways were forgotten for want of room.
    if (mask.count() == 0) return warm_->masks.of(state_, no_limit);
    return mask;
}

bool Matcher::accept(TokenId token) {
    if (grammar_->trie().is_end(token)) {
        if (!may_end()) return false;
        ended_ = true;
        return true;
    }
    std::string_view bytes = grammar_->trie().bytes_of(token);
    return !bytes.empty() && accept_bytes(bytes);
}

bool Matcher::accept_bytes(std::string_view bytes) {
    if (ended_) return false;
    States& states = warm_->states;
    uint32_t state = state_;
    for (char byte : bytes) {
        state = states.step(state, static_cast<uint8_t>(byte));
        if (state == States::dead) return false;
    }
    state_ = state;
    if (states.is_full()) {
        state_ = states.forget_all_but(state_);
        warm_->masks.forget_states();
    }
    return true;
}

bool Matcher::may_end() const {
    return ended_ || warm_->states.accepts(state_);
}

bool Matcher::is_done() const {
    return ended_ || (warm_->states.accepts(state_) && warm_->states.configs(state_).empty());
}

std::string Matcher::forced() {
    States& states = warm_->states;
    std::string out;
    uint32_t state = state_;
    while (!ended_ && out.size() < forced_max && !states.accepts(state)) {
        std::optional<uint8_t> only;
        for (States::Config config : states.configs(state))
            for (const Grammar::Edge& edge : states.grammar().edges_of(config.node)) {
                if (edge.first != edge.last || (only && *only != edge.first)) return out;
                only = edge.first;
            }
        if (!only) break;
        state = states.step(state, *only);
        if (state == States::dead) break;
        out += static_cast<char>(*only);
    }
    return out;
}

}  // namespace linnet
