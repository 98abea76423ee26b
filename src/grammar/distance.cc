#include "grammar/distance.h"

#include <algorithm>
#include <queue>

namespace linnet {
namespace {

// Pairs (key, value), found by key.
class Index {
  public:
    using Pair = std::pair<uint32_t, uint32_t>;
    explicit Index(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
        std::ranges::sort(pairs_);
    }
    std::span<const Pair> of(uint32_t key) const {
        auto [first, last] = std::ranges::equal_range(pairs_, key, {}, &Pair::first);
        return {first, last};
    }

  private:
    std::vector<Pair> pairs_;
};

class Search {
  public:
    Search(const Grammar& grammar, const ByteSet& usable, std::span<const Shortcut> shortcuts)
        : grammar_(grammar),
          distance_(grammar.size(), no_way),
          settled_(grammar.size(), false),
          before_(steps(grammar, usable, shortcuts)),
          by_back_(calls_by_back(grammar)),
          by_start_(calls_by_start(grammar)),
          caller_(callers(grammar)) {}

    std::vector<uint32_t> run() {
        for (uint32_t node = 0; node < grammar_.size(); node++)
            if (grammar_.nodes[node].accepts) reach(node, 0);
        while (!queue_.empty()) {
            auto [distance, node] = queue_.top();
            queue_.pop();
            if (settled_[node]) continue;
            settled_[node] = true;
            for (auto [to, from] : before_.of(node)) reach(from, add_distances(distance, 1));
            for (auto [back, call] : by_back_.of(node)) try_call(call);
            for (auto [start, call] : by_start_.of(node)) try_call(call);
        }
        return std::move(distance_);
    }

  private:
    static Index steps(const Grammar& grammar, const ByteSet& usable,
                       std::span<const Shortcut> shortcuts) {
        std::vector<Index::Pair> out;
        for (uint32_t node = 0; node < grammar.size(); node++)
            for (const Grammar::Edge& edge : grammar.edges_of(node)) {
                bool can = false;
                for (unsigned byte = edge.first; byte <= edge.last && !can; byte++)
                    can = usable[byte];
                if (can) out.emplace_back(edge.to, node);
            }
        for (const Shortcut& shortcut : shortcuts) out.emplace_back(shortcut.to, shortcut.from);
        return Index(std::move(out));
    }
    static Index calls_by_back(const Grammar& grammar) {
        std::vector<Index::Pair> out;
        for (uint32_t i = 0; i < grammar.calls.size(); i++)
            out.emplace_back(grammar.calls[i].back, i);
        return Index(std::move(out));
    }
    static Index calls_by_start(const Grammar& grammar) {
        std::vector<Index::Pair> out;
        for (uint32_t i = 0; i < grammar.calls.size(); i++)
            out.emplace_back(grammar.rules[grammar.calls[i].rule].start, i);
        return Index(std::move(out));
    }
    static std::vector<uint32_t> callers(const Grammar& grammar) {
        std::vector<uint32_t> out(grammar.calls.size());
        for (uint32_t node = 0; node < grammar.size(); node++)
            for (uint32_t i = grammar.nodes[node].first_call;
                 i < grammar.nodes[node + 1].first_call; i++)
                out[i] = node;
        return out;
    }

    void reach(uint32_t node, uint32_t distance) {
        if (distance >= distance_[node]) return;
        distance_[node] = distance;
        queue_.push({distance, node});
    }
    void try_call(uint32_t index) {
        const Grammar::Call& call = grammar_.calls[index];
        uint32_t start = grammar_.rules[call.rule].start;
        if (!settled_[start] || !settled_[call.back]) return;
        reach(caller_[index],
              add_distances(times_distance(call.least, distance_[start]), distance_[call.back]));
    }

    const Grammar& grammar_;
    std::vector<uint32_t> distance_;
    std::vector<bool> settled_;
    Index before_, by_back_, by_start_;
    std::vector<uint32_t> caller_;  // by call
    using Entry = std::pair<uint32_t, uint32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

}  // namespace

std::vector<uint32_t> distances(const Grammar& grammar, const ByteSet& usable,
                                std::span<const Shortcut> shortcuts) {
    return Search(grammar, usable, shortcuts).run();
}

}  // namespace linnet
