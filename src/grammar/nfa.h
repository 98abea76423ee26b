// One rule of a draft as an automaton that may be in many states at once: the step between
// expressions and the nodes of a Grammar.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "grammar/draft.h"

namespace linnet {

struct Nfa {
    struct ByteEdge {
        ExprId bytes;  // of the draft
        uint32_t to;
    };
    struct CallEdge {
        uint32_t rule;  // of the builder's numbering
        uint32_t least, most;
        uint32_t to;
    };
    struct State {
        std::vector<uint32_t> empty{};  // reached without a byte
        std::vector<ByteEdge> bytes{};
        std::vector<CallEdge> calls{};
    };
    static constexpr uint32_t start = 0, end = 1;
    std::vector<State> states;
};

// Decides what stays a call: rules that are large or call others, and bodies that are repeated a
// counted number of times, which become rules of their own. Small things are copied in.
class NfaBuilder {
  public:
    static constexpr size_t states_max = 400'000;  // of one rule

    explicit NfaBuilder(const Draft& draft);

    // The number of a draft's rule among those that build() takes, which grow while it is called.
    uint32_t rule(RuleId id);
    size_t rules() const { return bodies_.size(); }
    ExprId body(uint32_t rule) const { return bodies_[rule].body; }
    std::string_view name(uint32_t rule) const { return bodies_[rule].name; }
    // Nothing where it would be too large.
    std::optional<Nfa> build(uint32_t rule);

  private:
    struct Body {
        std::string_view name;
        ExprId body;
    };
    void find_nullable();
    void find_costs();
    bool passes_empty(const Draft::Expr& graph) const;
    bool is_inline(RuleId rule) const;
    uint32_t counted(ExprId body);

    uint32_t state();
    void emit(ExprId id, uint32_t from, uint32_t to);
    void emit_repeat(const Draft::Expr& repeat, uint32_t from, uint32_t to);
    void emit_call(RuleId rule, uint32_t from, uint32_t to);
    void emit_graph(const Draft::Expr& graph, uint32_t from, uint32_t to);

    const Draft& draft_;
    std::vector<bool> nullable_;  // by expression
    std::vector<uint32_t> cost_;  // by expression: states that it becomes, about
    std::vector<bool> calls_;     // by expression: whether a rule is called in it
    std::vector<Body> bodies_;
    std::map<ExprId, uint32_t> rule_of_body_;
    std::string_view current_name_;
    Nfa nfa_;
    bool too_large_ = false;
};

}  // namespace linnet
