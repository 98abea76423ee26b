// What texts are allowed, as one push-down automaton over bytes. JSON Schema, GBNF and regular
// expressions all end here (json_schema.h, gbnf.h, regex.h); Matcher (matcher.h) walks it and says
// which tokens may come next.
//
// Every rule is a deterministic automaton of its own. A node goes on by a byte, or by a call: the
// called rule matches `least` to `most` times, and then the node `back` goes on. Invariants: no
// rule matches the empty text, none begins with itself, and from every node the rule's end can be
// reached.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

struct Grammar {
    static constexpr size_t nodes_max = 200'000;
    static constexpr uint32_t unbounded = Draft::unbounded;

    struct Edge {
        uint8_t first, last;
        uint32_t to;
    };
    struct Call {
        uint32_t rule;
        uint32_t least, most;  // 1 <= least <= most
        uint32_t back;
    };
    struct Node {
        uint32_t first_edge, first_call;  // to the next node's
        bool accepts;                     // the rule may end here
    };
    struct Rule {
        std::string name;
        uint32_t start;
        bool thin;  // no text of it is longer than `thin_bytes_max`
    };
    static constexpr uint32_t thin_bytes_max = 16;

    std::vector<Node> nodes;  // and one behind the last, for the ends of its lists
    std::vector<Edge> edges;
    std::vector<Call> calls;
    std::vector<Rule> rules;
    uint32_t entry = 0;                   // accepts where the empty text is allowed
    std::array<uint8_t, 256> class_of{};  // bytes that no edge tells apart share a class
    uint32_t classes = 0;

    size_t size() const { return nodes.size() - 1; }
    std::span<const Edge> edges_of(uint32_t node) const {
        return std::span(edges).subspan(nodes[node].first_edge,
                                        nodes[node + 1].first_edge - nodes[node].first_edge);
    }
    std::span<const Call> calls_of(uint32_t node) const {
        return std::span(calls).subspan(nodes[node].first_call,
                                        nodes[node + 1].first_call - nodes[node].first_call);
    }
};

// Usage where the draft is too large, where a rule begins with itself, is not defined, or can
// never end.
Result<std::shared_ptr<const Grammar>> compile(const Draft& draft, RuleId root);

}  // namespace linnet
