#include "engine/grammar_constraint.h"

#include <algorithm>

namespace linnet {

GrammarConstraint::GrammarConstraint(std::shared_ptr<const TokenGrammar> grammar,
                                     Reasoning reasoning)
    : grammar_(std::move(grammar)), reasoning_(std::move(reasoning)), phase_(Phase::Answer) {
    matcher_.emplace(grammar_);
    if (reasoning_.starts_inside)
        phase_ = Phase::Reasoning;
    else if (reasoning_.open != no_token)
        phase_ = Phase::MayReason;
}

std::span<const uint64_t> GrammarConstraint::allowed(size_t tokens_left) {
    if (phase_ == Phase::Answer) return matcher_->allowed(tokens_left).words();
    const TokenTrie& trie = grammar_->trie();
    // The answer needs its own tokens; what closes the reasoning is one more.
    bool in_time = tokens_left > grammar_->shortest() + 1;
    if (phase_ == Phase::MayReason) {
        mask_ = matcher_->allowed(tokens_left);
        if (in_time) mask_.set(reasoning_.open);
        return mask_.words();
    }
    mask_ = TokenMask(trie.vocabulary());
    if (!in_time && reasoning_.close != no_token) {
        mask_.set(reasoning_.close);
        return mask_.words();
    }
    mask_.set_all();
    for (TokenId end : trie.ends()) mask_.reset(end);
    return mask_.words();
}

void GrammarConstraint::accept(int32_t token) {
    if (phase_ == Phase::MayReason) {
        phase_ = token == reasoning_.open ? Phase::Reasoning : Phase::Answer;
        if (phase_ == Phase::Reasoning) return;
    }
    if (phase_ == Phase::Answer) {
        check(matcher_->accept(token), "a token of the mask is allowed");
        return;
    }
    tail_ += grammar_->trie().bytes_of(token);
    bool closed = token == reasoning_.close;
    if (!reasoning_.close_text.empty()) {
        closed = closed || tail_.find(reasoning_.close_text) != tail_.npos;
        size_t kept = reasoning_.close_text.size() - 1;
        if (tail_.size() > kept) tail_.erase(0, tail_.size() - kept);
    }
    if (closed) phase_ = Phase::Answer;
}

std::vector<int32_t> GrammarConstraint::foreseen(size_t most) {
    if (phase_ != Phase::Answer || most == 0) return {};
    auto tokens = grammar_->trie().cut(matcher_->forced());
    tokens.resize(std::min(tokens.size(), most));
    return tokens;
}

void GrammarConstraint::begin_answer() {
    phase_ = Phase::Answer;
    matcher_.emplace(grammar_);
}

}  // namespace linnet
