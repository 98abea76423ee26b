#include "grammar/draft.h"

#include <algorithm>
#include <map>

namespace linnet {

ExprId Draft::add(Expr expr) {
    for (ExprId part : expr.parts) expr.depth = std::max(expr.depth, exprs_[part].depth + 1);
    for (const GraphEdge& edge : expr.edges)
        expr.depth = std::max(expr.depth, exprs_[edge.label].depth + 1);
    if (expr.depth > depth_max) overflow_ = "it nests too deep";
    if (exprs_.size() >= exprs_max) overflow_ = "it has too many parts";
    if (!overflow_.empty() && !exprs_.empty()) return 0;
    exprs_.push_back(std::move(expr));
    return static_cast<ExprId>(exprs_.size() - 1);
}

ExprId Draft::bytes(const ByteSet& set) {
    return add({.kind = Kind::Byte, .bytes = set});
}

ExprId Draft::byte_range(uint8_t first, uint8_t last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; byte++) set.set(byte);
    return bytes(set);
}

ExprId Draft::literal(std::string_view text) {
    std::vector<ExprId> parts;
    for (char c : text)
        parts.push_back(byte_range(static_cast<uint8_t>(c), static_cast<uint8_t>(c)));
    return seq(std::move(parts));
}

ExprId Draft::seq(std::vector<ExprId> parts) {
    if (parts.size() == 1) return parts[0];
    return add({.kind = Kind::Seq, .parts = std::move(parts)});
}

ExprId Draft::alt(std::vector<ExprId> parts) {
    if (parts.size() == 1) return parts[0];
    return add({.kind = Kind::Alt, .parts = std::move(parts)});
}

ExprId Draft::repeat(ExprId what, uint32_t least, uint32_t most) {
    return add({.kind = Kind::Repeat, .parts = {what}, .least = least, .most = most});
}

ExprId Draft::graph(uint32_t states, std::vector<GraphEdge> edges,
                    std::vector<uint32_t> accepting) {
    return add({.kind = Kind::Graph,
                .states = states,
                .edges = std::move(edges),
                .accepting = std::move(accepting)});
}

RuleId Draft::declare(std::string name) {
    if (rules_.size() >= rules_max) overflow_ = "it has too many rules";
    if (!overflow_.empty() && !rules_.empty()) return 0;
    rules_.push_back({.name = std::move(name)});
    return static_cast<RuleId>(rules_.size() - 1);
}

ExprId Draft::call(RuleId rule) {
    return add({.kind = Kind::Rule, .rule = rule});
}

// Sequences that end alike share their ends, so that large sets stay small automata.
ExprId Draft::code_points(const CodeSet& set) {
    std::map<std::vector<uint16_t>, uint32_t> state_before;  // by the byte ranges still to come
    std::map<std::pair<uint32_t, uint32_t>, ByteSet> labels;
    uint32_t states = 2;
    state_before[{}] = 1;
    auto add_range = [&](uint32_t from, uint32_t to, ByteRange range) {
        for (unsigned byte = range.first; byte <= range.last; byte++) labels[{from, to}].set(byte);
    };
    for (const CodeRange& range : set.ranges()) {
        if (range.first > 0x10FFFF) continue;
        for (const ByteRanges& sequence :
             utf8_ranges(range.first, std::min(range.last, 0x10FFFFu))) {
            uint32_t to = 1;
            std::vector<uint16_t> rest;
            for (uint32_t i = sequence.count; i-- > 1;) {
                ByteRange bytes = sequence.at[i];
                rest.push_back(static_cast<uint16_t>(bytes.first << 8 | bytes.last));
                auto [found, is_new] = state_before.try_emplace(rest, states);
                if (is_new) {
                    add_range(states, to, bytes);
                    states++;
                }
                to = found->second;
            }
            add_range(0, to, sequence.at[0]);
        }
    }
    if (states == 2) return labels.empty() ? nothing() : bytes(labels.begin()->second);
    std::vector<GraphEdge> edges;
    for (auto& [ends, label] : labels) edges.push_back({ends.first, ends.second, bytes(label)});
    return graph(states, std::move(edges), {1});
}

namespace {

uint32_t encode(uint32_t code, std::array<uint8_t, 4>& out) {
    auto tail = [&](int shift) { return static_cast<uint8_t>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        out[0] = static_cast<uint8_t>(code);
        return 1;
    }
    if (code < 0x800) {
        out = {static_cast<uint8_t>(0xC0 | code >> 6), tail(0), 0, 0};
        return 2;
    }
    if (code < 0x10000) {
        out = {static_cast<uint8_t>(0xE0 | code >> 12), tail(6), tail(0), 0};
        return 3;
    }
    out = {static_cast<uint8_t>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
    return 4;
}

// Splits where the number of bytes changes, and then until all bytes but the leading ones span
// everything: then the ranges of each byte are independent.
void add_ranges(uint32_t first, uint32_t last, std::vector<ByteRanges>& out) {
    if (first > last) return;
    for (uint32_t edge : {0x7Fu, 0x7FFu, 0xFFFFu})
        if (first <= edge && last > edge) {
            add_ranges(first, edge, out);
            return add_ranges(edge + 1, last, out);
        }
    if (first >= 0x80)
        for (uint32_t bits : {6u, 12u, 18u}) {
            uint32_t mask = (1u << bits) - 1;
            if ((first & ~mask) == (last & ~mask)) break;
            if ((first & mask) != 0) {
                add_ranges(first, first | mask, out);
                return add_ranges((first | mask) + 1, last, out);
            }
            if ((last & mask) != mask) {
                add_ranges(first, (last & ~mask) - 1, out);
                return add_ranges(last & ~mask, last, out);
            }
        }
    std::array<uint8_t, 4> low{}, high{};
    uint32_t count = encode(first, low);
    encode(last, high);
    ByteRanges ranges{.at = {}, .count = count};
    for (uint32_t i = 0; i < count; i++) ranges.at[i] = {low[i], high[i]};
    out.push_back(ranges);
}

}  // namespace

std::vector<ByteRanges> utf8_ranges(uint32_t first, uint32_t last) {
    std::vector<ByteRanges> out;
    constexpr uint32_t surrogate_first = 0xD800, surrogate_last = 0xDFFF;
    if (first < surrogate_first) add_ranges(first, std::min(last, surrogate_first - 1), out);
    if (last > surrogate_last) add_ranges(std::max(first, surrogate_last + 1), last, out);
    return out;
}

}  // namespace linnet
