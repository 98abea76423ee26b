#include "grammar/combine.h"

#include <map>

#include "base/text.h"
#include "grammar/states.h"

namespace linnet {
namespace {

// A grammar that is walked byte by byte. Where nothing fits at all, it is dead from the start.
class Walker {
  public:
    static Result<Walker> of(DraftedRule rule) {
        auto grammar = compile(rule.draft, rule.rule);
        if (grammar) return Walker(*std::move(grammar));
        if (grammar.error().what.starts_with("no text can fit")) return Walker(nullptr);
        return std::move(grammar).error();
    }

    uint32_t first() { return states_ ? states_->first() : States::dead; }
    uint32_t step(uint32_t state, uint8_t byte) {
        return state == States::dead ? state : states_->step(state, byte);
    }
    bool accepts(uint32_t state) const { return state != States::dead && states_->accepts(state); }
    bool is_full() const { return states_ && (states_->is_full() || states_->forgot()); }

  private:
    explicit Walker(std::shared_ptr<const Grammar> grammar) : grammar_(std::move(grammar)) {
        if (!grammar_) return;
        ByteSet all;
        all.set();
        distance_ = distances(*grammar_, all, {});
        states_ = std::make_unique<States>(*grammar_, distance_);
    }
    std::shared_ptr<const Grammar> grammar_;
    std::vector<uint32_t> distance_;
    std::unique_ptr<States> states_;
};

}  // namespace

Result<ExprId> combine(Draft& out, DraftedRule first, DraftedRule second, Combine how) {
    Walker a = TRY(Walker::of(first)), b = TRY(Walker::of(second));
    using Pair = std::pair<uint32_t, uint32_t>;
    std::map<Pair, uint32_t> number_of{{{a.first(), b.first()}, 0}};
    std::vector<Pair> pairs{{a.first(), b.first()}};
    std::vector<Draft::GraphEdge> edges;
    std::vector<uint32_t> accepting;
    for (uint32_t from = 0; from < pairs.size(); from++) {
        if (pairs.size() > combined_states_max || a.is_full() || b.is_full())
            return Error{Code::Usage,
                         cat("patterns and lengths together need more than ", combined_states_max,
                             " states"),
                         "use smaller counts, or leave one of them out"};
        auto [in_a, in_b] = pairs[from];
        bool fits = how == Combine::Both ? b.accepts(in_b) : !b.accepts(in_b);
        if (a.accepts(in_a) && fits) accepting.push_back(from);
        std::map<uint32_t, ByteSet> labels;
        for (unsigned byte = 0; byte < 256; byte++) {
            Pair next{a.step(in_a, static_cast<uint8_t>(byte)),
                      b.step(in_b, static_cast<uint8_t>(byte))};
            bool lost = next.second == States::dead && how == Combine::Both;
            if (next.first == States::dead || lost) continue;
            auto [found, is_new] = number_of.try_emplace(next, static_cast<uint32_t>(pairs.size()));
            if (is_new) pairs.push_back(next);
            labels[found->second].set(byte);
        }
        for (auto& [to, label] : labels) edges.push_back({from, to, out.bytes(label)});
    }
    if (accepting.empty()) return out.nothing();
    return out.graph(static_cast<uint32_t>(pairs.size()), std::move(edges), std::move(accepting));
}

Result<bool> matches(DraftedRule rule, std::string_view text) {
    Walker walker = TRY(Walker::of(rule));
    uint32_t state = walker.first();
    for (char byte : text) state = walker.step(state, static_cast<uint8_t>(byte));
    return walker.accepts(state);
}

}  // namespace linnet
