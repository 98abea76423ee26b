// A grammar as front ends write it down: expressions over bytes, and rules that name them. JSON
// Schema, GBNF and regular expressions all become a Draft, and compile() (grammar.h) makes the
// automaton of it.
//
// Expressions are numbers; one may stand in several places. Sizes are bounded: what is beyond goes
// to overflow(), and compile() refuses the draft with it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/unicode.h"

namespace linnet {

using ByteSet = std::bitset<256>;
using ExprId = uint32_t;
using RuleId = uint32_t;

class Draft {
  public:
    static constexpr uint32_t unbounded = 0xFFFF'FFFF;
    static constexpr uint32_t repeat_max = 1'000'000;  // times, where there is a bound
    static constexpr size_t exprs_max = 400'000;
    static constexpr size_t rules_max = 20'000;
    static constexpr uint32_t depth_max = 400;  // of expressions within expressions
    static constexpr uint32_t undefined = 0xFFFF'FFFF;

    enum class Kind : uint8_t { Byte, Seq, Alt, Repeat, Rule, Graph };

    // A small automaton whose edges are expressions: what a tree would have to repeat. State 0 is
    // where it starts.
    struct GraphEdge {
        uint32_t from, to;
        ExprId label;
    };

    struct Expr {
        Kind kind;
        uint32_t depth = 0;
        ByteSet bytes{};                    // Byte: one of these
        std::vector<ExprId> parts{};        // Seq, Alt; Repeat: the one that is repeated
        uint32_t least = 0, most = 0;       // Repeat; most may be unbounded
        RuleId rule = 0;                    // Rule
        uint32_t states = 0;                // Graph
        std::vector<GraphEdge> edges{};     // Graph
        std::vector<uint32_t> accepting{};  // Graph
    };

    ExprId empty() { return seq({}); }
    ExprId nothing() { return alt({}); }  // matches no text at all
    ExprId bytes(const ByteSet& set);
    ExprId byte_range(uint8_t first, uint8_t last);
    ExprId literal(std::string_view text);
    ExprId code_points(const CodeSet& set);  // one of them, as UTF-8; surrogates are left out
    ExprId seq(std::vector<ExprId> parts);
    ExprId alt(std::vector<ExprId> parts);
    ExprId repeat(ExprId what, uint32_t least, uint32_t most);
    ExprId optional(ExprId what) { return repeat(what, 0, 1); }
    ExprId graph(uint32_t states, std::vector<GraphEdge> edges, std::vector<uint32_t> accepting);

    // A rule may be called before it is defined, also by itself.
    RuleId declare(std::string name);
    void define(RuleId rule, ExprId body) { rules_[rule].body = body; }
    ExprId call(RuleId rule);
    bool is_defined(RuleId rule) const { return rules_[rule].body != undefined; }

    struct Rule {
        std::string name;  // for messages
        ExprId body = undefined;
    };
    const Expr& expr(ExprId id) const { return exprs_[id]; }
    const Rule& rule(RuleId id) const { return rules_[id]; }
    size_t exprs() const { return exprs_.size(); }
    size_t rules() const { return rules_.size(); }
    std::string_view overflow() const { return overflow_; }

  private:
    ExprId add(Expr expr);
    std::vector<Expr> exprs_;
    std::vector<Rule> rules_;
    std::string_view overflow_;
};

// The UTF-8 of a range of code points, as sequences of byte ranges; surrogates are left out.
struct ByteRange {
    uint8_t first, last;
    bool operator==(const ByteRange&) const = default;
};
struct ByteRanges {
    std::array<ByteRange, 4> at;
    uint32_t count;
};
std::vector<ByteRanges> utf8_ranges(uint32_t first, uint32_t last);

}  // namespace linnet
