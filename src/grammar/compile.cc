// From a draft to the automaton: each rule's states by the subset construction, in which a call is
// a letter like a byte; then what cannot end goes, and what would never begin is refused.

#include <algorithm>
#include <map>

#include "base/text.h"
#include "grammar/distance.h"
#include "grammar/grammar.h"
#include "grammar/nfa.h"

namespace linnet {
namespace {

// Of all subsets together: what a hostile expression may cost.
constexpr size_t subset_states_max = 20'000'000;

Error too_large() {
    return {Code::Usage, cat("the grammar needs more than ", Grammar::nodes_max, " states"),
            "use smaller counts, fewer alternatives, or patterns that begin differently"};
}

// The nodes of a grammar while they are made.
struct Raw {
    struct Node {
        std::vector<Grammar::Edge> edges{};
        std::vector<Grammar::Call> calls{};
        bool accepts = false;
    };
    std::vector<Node> nodes;
    std::vector<uint32_t> starts;   // by rule
    std::vector<uint32_t> entries;  // by rule: the same, but accepting where the rule may be empty
};

// One rule's subsets become nodes.
class Subsets {
  public:
    Subsets(const Draft& draft, const Nfa& nfa, Raw& raw, size_t& spent)
        : draft_(draft), nfa_(nfa), raw_(raw), spent_(spent), seen_(nfa.states.size(), 0) {}

    // The node where the rule starts; nothing where there are too many.
    std::optional<uint32_t> run() {
        uint32_t first = node_of({Nfa::start});
        for (size_t at = 0; at < open_.size(); at++) {
            if (raw_.nodes.size() > Grammar::nodes_max || spent_ > subset_states_max)
                return std::nullopt;
            expand(open_[at].first, open_[at].second);
        }
        return first;
    }

  private:
    using Subset = std::vector<uint32_t>;

    Subset closure(Subset open) {
        Subset out;
        round_++;
        for (uint32_t s : open) seen_[s] = round_;
        while (!open.empty()) {
            uint32_t s = open.back();
            open.pop_back();
            const Nfa::State& state = nfa_.states[s];
            if (s == Nfa::end || !state.bytes.empty() || !state.calls.empty()) out.push_back(s);
            for (uint32_t next : state.empty)
                if (seen_[next] != round_) {
                    seen_[next] = round_;
                    open.push_back(next);
                }
            spent_++;
        }
        std::ranges::sort(out);
        return out;
    }

    uint32_t node_of(Subset targets) {
        Subset subset = closure(std::move(targets));
        auto next = static_cast<uint32_t>(raw_.nodes.size());
        auto [found, is_new] = nodes_.try_emplace(subset, next);
        if (is_new) {
            raw_.nodes.emplace_back();
            raw_.nodes.back().accepts = std::ranges::binary_search(subset, Nfa::end);
            open_.emplace_back(next, std::move(subset));
        }
        return found->second;
    }

    void expand(uint32_t node, Subset subset) {
        std::array<Subset, 256> targets;
        std::map<std::array<uint32_t, 3>, Subset> calls;
        for (uint32_t s : subset) {
            for (const Nfa::ByteEdge& edge : nfa_.states[s].bytes) {
                const ByteSet& bytes = draft_.expr(edge.bytes).bytes;
                for (unsigned byte = 0; byte < 256; byte++)
                    if (bytes[byte]) targets[byte].push_back(edge.to);
                spent_++;
            }
            for (const Nfa::CallEdge& call : nfa_.states[s].calls)
                calls[{call.rule, call.least, call.most}].push_back(call.to);
        }
        std::map<Subset, uint32_t> node_of_targets;
        std::vector<Grammar::Edge> edges;
        for (unsigned byte = 0; byte < 256; byte++) {
            if (targets[byte].empty()) continue;
            auto [found, is_new] = node_of_targets.try_emplace(targets[byte], 0);
            if (is_new) found->second = node_of(targets[byte]);
            auto b = static_cast<uint8_t>(byte);
            if (!edges.empty() && edges.back().to == found->second && edges.back().last + 1 == b)
                edges.back().last = b;
            else
                edges.push_back({b, b, found->second});
        }
        raw_.nodes[node].edges = std::move(edges);
        for (auto& [call, backs] : calls) {
            uint32_t back = node_of(std::move(backs));
            raw_.nodes[node].calls.push_back({call[0], call[1], call[2], back});
        }
    }

    const Draft& draft_;
    const Nfa& nfa_;
    Raw& raw_;
    size_t& spent_;
    std::vector<uint32_t> seen_;
    uint32_t round_ = 0;
    std::map<Subset, uint32_t> nodes_;
    std::vector<std::pair<uint32_t, Subset>> open_;
};

// A rule that is called is never empty; the call stands beside a way around it.
uint32_t without_empty(Raw& raw, uint32_t start) {
    if (!raw.nodes[start].accepts) return start;
    Raw::Node copy = raw.nodes[start];
    copy.accepts = false;
    raw.nodes.push_back(std::move(copy));
    return static_cast<uint32_t>(raw.nodes.size() - 1);
}

void set_classes(Grammar& grammar) {
    std::array<bool, 257> begins{};
    for (const Grammar::Edge& edge : grammar.edges)
        begins[edge.first] = begins[edge.last + 1] = true;
    uint32_t at = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte > 0 && begins[byte]) at++;
        grammar.class_of[byte] = static_cast<uint8_t>(at);
    }
    grammar.classes = at + 1;
}

std::shared_ptr<Grammar> pack(const Raw& raw, const NfaBuilder& builder) {
    auto grammar = std::make_shared<Grammar>();
    for (const Raw::Node& node : raw.nodes) {
        grammar->nodes.push_back({static_cast<uint32_t>(grammar->edges.size()),
                                  static_cast<uint32_t>(grammar->calls.size()), node.accepts});
        grammar->edges.insert(grammar->edges.end(), node.edges.begin(), node.edges.end());
        grammar->calls.insert(grammar->calls.end(), node.calls.begin(), node.calls.end());
    }
    grammar->nodes.push_back({static_cast<uint32_t>(grammar->edges.size()),
                              static_cast<uint32_t>(grammar->calls.size()), false});
    for (uint32_t rule = 0; rule < builder.rules(); rule++)
        grammar->rules.push_back({std::string(builder.name(rule)), raw.starts[rule], false});
    grammar->entry = raw.entries[0];
    return grammar;
}

// Takes out the edges and calls that lead where no end is.
void prune(Raw& raw, std::span<const uint32_t> distance) {
    auto lost = [&](uint32_t node) { return distance[node] >= no_way; };
    for (Raw::Node& node : raw.nodes) {
        std::erase_if(node.edges, [&](const Grammar::Edge& edge) { return lost(edge.to); });
        std::erase_if(node.calls, [&](const Grammar::Call& call) {
            return lost(call.back) || lost(raw.starts[call.rule]);
        });
    }
}

// A rule that begins with a call of itself would call for ever before the first byte.
Result<> check_left_recursion(const Grammar& grammar) {
    enum : uint8_t { New, Open, Done_ };
    std::vector<uint8_t> state(grammar.rules.size(), New);
    struct Level {
        uint32_t rule;
        size_t next;
    };
    for (uint32_t root = 0; root < grammar.rules.size(); root++) {
        std::vector<Level> path;
        if (state[root] == New) path.push_back({root, 0});
        while (!path.empty()) {
            Level& level = path.back();
            state[level.rule] = Open;
            auto calls = grammar.calls_of(grammar.rules[level.rule].start);
            if (level.next == calls.size()) {
                state[level.rule] = Done_;
                path.pop_back();
                continue;
            }
            uint32_t called = calls[level.next++].rule;
            if (state[called] == New) path.push_back({called, 0});
            if (state[called] != Open) continue;
            std::string way;
            auto from = std::ranges::find(path, called, &Level::rule);
            for (auto at = from; at != path.end() && at - from < 8; ++at)
                way += cat("'", printable(grammar.rules[at->rule].name, 60), "' begins with ");
            return Error{
                Code::Usage,
                cat("left recursion: ", way, "'", printable(grammar.rules[called].name, 60), "'"),
                "write it as a repetition: list ::= item (\",\" item)*"};
        }
    }
    return Done{};
}

// Whether every text of the rule is at most that long: no calls, no loops, and a longest way.
bool is_thin(const Grammar& grammar, uint32_t start) {
    std::vector<uint32_t> level{start};
    for (uint32_t length = 0; length <= Grammar::thin_bytes_max; length++) {
        std::vector<uint32_t> next;
        for (uint32_t node : level) {
            if (!grammar.calls_of(node).empty()) return false;
            for (const Grammar::Edge& edge : grammar.edges_of(node)) next.push_back(edge.to);
        }
        std::ranges::sort(next);
        next.erase(std::ranges::unique(next).begin(), next.end());
        if (next.empty()) return true;
        if (next.size() > 1000) return false;
        level = std::move(next);
    }
    return false;
}

Result<> check_defined(const Draft& draft) {
    if (!draft.overflow().empty())
        return Error{Code::Usage, cat("the grammar is too large: ", draft.overflow()),
                     "make it smaller"};
    for (ExprId id = 0; id < draft.exprs(); id++) {
        const Draft::Expr& expr = draft.expr(id);
        if (expr.kind == Draft::Kind::Rule && !draft.is_defined(expr.rule))
            return Error{Code::Usage,
                         cat("the rule '", printable(draft.rule(expr.rule).name, 80),
                             "' is used and never defined"),
                         "define it, or correct its name"};
    }
    return Done{};
}

}  // namespace

Result<std::shared_ptr<const Grammar>> compile(const Draft& draft, RuleId root) {
    TRY(check_defined(draft));
    NfaBuilder builder(draft);
    builder.rule(root);
    Raw raw;
    size_t spent = 0;
    for (uint32_t rule = 0; rule < builder.rules(); rule++) {
        auto nfa = builder.build(rule);
        if (!nfa) return too_large();
        auto start = Subsets(draft, *nfa, raw, spent).run();
        if (!start) return too_large();
        raw.entries.push_back(*start);
        raw.starts.push_back(without_empty(raw, *start));
    }
    ByteSet all;
    all.set();
    auto grammar = pack(raw, builder);
    prune(raw, distances(*grammar, all, {}));
    grammar = pack(raw, builder);
    if (distances(*grammar, all, {})[grammar->entry] >= no_way)
        return Error{Code::Usage,
                     cat("no text can fit: '", printable(grammar->rules[0].name, 60),
                         "' has no end, or nothing fulfils all that it asks for"),
                     "give every recursion a way out"};
    TRY(check_left_recursion(*grammar));
    for (Grammar::Rule& rule : grammar->rules) rule.thin = is_thin(*grammar, rule.start);
    set_classes(*grammar);
    return std::shared_ptr<const Grammar>(std::move(grammar));
}

}  // namespace linnet
