#include "grammar/nfa.h"

#include <algorithm>

namespace linnet {
namespace {

constexpr uint32_t inline_cost_max = 24;
constexpr uint32_t unrolled_cost_max = 32;
constexpr uint32_t cost_max = 1'000'000;

using Kind = Draft::Kind;

// How often the body of a repeat stands one after the other, if it is written out.
uint32_t copies(const Draft::Expr& repeat) {
    return repeat.most == Draft::unbounded ? std::max(repeat.least, 1u) : repeat.most;
}

}  // namespace

NfaBuilder::NfaBuilder(const Draft& draft) : draft_(draft) {
    find_nullable();
    find_costs();
}

// Whether the graph's end is reached over labels that may be empty, as far as is known of them.
bool NfaBuilder::passes_empty(const Draft::Expr& graph) const {
    std::vector<bool> reached(graph.states, false);
    std::vector<uint32_t> open{0};
    reached[0] = true;
    while (!open.empty()) {
        uint32_t at = open.back();
        open.pop_back();
        for (const Draft::GraphEdge& edge : graph.edges)
            if (edge.from == at && !reached[edge.to] && nullable_[edge.label]) {
                reached[edge.to] = true;
                open.push_back(edge.to);
            }
    }
    return std::ranges::any_of(graph.accepting, [&](uint32_t s) { return bool(reached[s]); });
}

// From the parts up: what became nullable is told to whatever it is a part of, once.
void NfaBuilder::find_nullable() {
    using Use = std::pair<ExprId, ExprId>;  // part, user
    std::vector<Use> uses;
    for (ExprId id = 0; id < draft_.exprs(); id++) {
        const Draft::Expr& expr = draft_.expr(id);
        for (ExprId part : expr.parts) uses.emplace_back(part, id);
        for (const Draft::GraphEdge& edge : expr.edges) uses.emplace_back(edge.label, id);
        if (expr.kind == Kind::Rule) uses.emplace_back(draft_.rule(expr.rule).body, id);
    }
    std::ranges::sort(uses);
    uses.erase(std::ranges::unique(uses).begin(), uses.end());
    std::vector<uint32_t> missing(draft_.exprs(), 0);  // parts that are not nullable so far
    for (auto [part, user] : uses) missing[user]++;

    nullable_.assign(draft_.exprs(), false);
    std::vector<ExprId> open;
    auto found = [&](ExprId id) {
        if (nullable_[id]) return;
        nullable_[id] = true;
        open.push_back(id);
    };
    for (ExprId id = 0; id < draft_.exprs(); id++) {
        const Draft::Expr& expr = draft_.expr(id);
        if (expr.kind == Kind::Seq && expr.parts.empty()) found(id);
        if (expr.kind == Kind::Repeat && expr.least == 0) found(id);
        if (expr.kind == Kind::Graph && passes_empty(expr)) found(id);
    }
    while (!open.empty()) {
        ExprId part = open.back();
        open.pop_back();
        for (auto [used, user] : std::ranges::equal_range(uses, part, {}, &Use::first)) {
            const Draft::Expr& expr = draft_.expr(user);
            bool last = --missing[user] == 0;
            bool is = expr.kind == Kind::Seq     ? last
                      : expr.kind == Kind::Graph ? passes_empty(expr)
                                                 : true;
            if (is) found(user);
        }
    }
}

void NfaBuilder::find_costs() {
    cost_.assign(draft_.exprs(), 1);
    calls_.assign(draft_.exprs(), false);
    for (ExprId id = 0; id < draft_.exprs(); id++) {
        const Draft::Expr& expr = draft_.expr(id);
        uint64_t cost = 1;
        calls_[id] = expr.kind == Kind::Rule;
        auto take = [&](ExprId part) {
            cost += cost_[part];
            if (calls_[part]) calls_[id] = true;
        };
        for (ExprId part : expr.parts) take(part);
        for (const Draft::GraphEdge& edge : expr.edges) take(edge.label);
        if (expr.kind == Kind::Repeat) {
            cost *= std::max(copies(expr), 1u);
            if (cost > unrolled_cost_max && copies(expr) > 1) cost = 2;  // a call instead
        }
        cost_[id] = static_cast<uint32_t>(std::min<uint64_t>(cost, cost_max));
    }
}

bool NfaBuilder::is_inline(RuleId rule) const {
    ExprId body = draft_.rule(rule).body;
    return !calls_[body] && cost_[body] <= inline_cost_max;
}

uint32_t NfaBuilder::rule(RuleId id) {
    auto [found, is_new] =
        rule_of_body_.try_emplace(draft_.rule(id).body, static_cast<uint32_t>(bodies_.size()));
    if (is_new) bodies_.push_back({draft_.rule(id).name, draft_.rule(id).body});
    return found->second;
}

uint32_t NfaBuilder::counted(ExprId body) {
    auto [found, is_new] = rule_of_body_.try_emplace(body, static_cast<uint32_t>(bodies_.size()));
    if (is_new) bodies_.push_back({current_name_, body});
    return found->second;
}

std::optional<Nfa> NfaBuilder::build(uint32_t rule) {
    nfa_.states.assign(2, {});
    current_name_ = bodies_[rule].name;
    too_large_ = false;
    emit(bodies_[rule].body, Nfa::start, Nfa::end);
    if (too_large_) return std::nullopt;
    return std::move(nfa_);
}

uint32_t NfaBuilder::state() {
    if (nfa_.states.size() >= states_max) too_large_ = true;
    if (too_large_) return Nfa::end;
    nfa_.states.emplace_back();
    return static_cast<uint32_t>(nfa_.states.size() - 1);
}

void NfaBuilder::emit(ExprId id, uint32_t from, uint32_t to) {
    if (too_large_) return;
    const Draft::Expr& expr = draft_.expr(id);
    switch (expr.kind) {
        case Kind::Byte:
            nfa_.states[from].bytes.push_back({id, to});
            return;
        case Kind::Seq:
            for (size_t i = 0; i < expr.parts.size(); i++) {
                uint32_t next = i + 1 < expr.parts.size() ? state() : to;
                emit(expr.parts[i], from, next);
                from = next;
            }
            if (expr.parts.empty()) nfa_.states[from].empty.push_back(to);
            return;
        case Kind::Alt:
            for (ExprId part : expr.parts) emit(part, from, to);
            return;
        case Kind::Repeat:
            return emit_repeat(expr, from, to);
        case Kind::Rule:
            return emit_call(expr.rule, from, to);
        case Kind::Graph:
            return emit_graph(expr, from, to);
    }
}

void NfaBuilder::emit_repeat(const Draft::Expr& repeat, uint32_t from, uint32_t to) {
    ExprId body = repeat.parts[0];
    // A body that may be empty makes any number of times possible that is small enough.
    uint32_t least = nullable_[body] ? 0 : repeat.least, most = repeat.most;
    if (most == 0 || least == 0) nfa_.states[from].empty.push_back(to);
    if (most == 0) return;
    if (copies(repeat) > 1 && uint64_t{cost_[body]} * copies(repeat) > unrolled_cost_max) {
        uint32_t rule = counted(body);
        nfa_.states[from].calls.push_back({rule, std::max(least, 1u), most, to});
        return;
    }
    bool endless = most == Draft::unbounded;
    for (uint32_t i = 1; i <= copies(repeat); i++) {
        // The last copy of an endless one is its own loop, which begins in a state of its own.
        uint32_t begin = state(), end = state();
        nfa_.states[from].empty.push_back(begin);
        emit(body, begin, end);
        if (i >= least) nfa_.states[end].empty.push_back(to);
        if (endless && i == copies(repeat)) nfa_.states[end].empty.push_back(begin);
        from = end;
    }
}

void NfaBuilder::emit_call(RuleId rule, uint32_t from, uint32_t to) {
    ExprId body = draft_.rule(rule).body;
    if (is_inline(rule)) return emit(body, from, to);
    if (nullable_[body]) nfa_.states[from].empty.push_back(to);
    uint32_t number = this->rule(rule);
    nfa_.states[from].calls.push_back({number, 1, 1, to});
}

void NfaBuilder::emit_graph(const Draft::Expr& graph, uint32_t from, uint32_t to) {
    std::vector<uint32_t> states;
    for (uint32_t i = 0; i < graph.states; i++) states.push_back(state());
    nfa_.states[from].empty.push_back(states[0]);
    for (const Draft::GraphEdge& edge : graph.edges)
        emit(edge.label, states[edge.from], states[edge.to]);
    for (uint32_t accepting : graph.accepting) nfa_.states[states[accepting]].empty.push_back(to);
}

}  // namespace linnet
