#include "text/trie.h"

#include <algorithm>

namespace linnet {

Trie::Trie(std::vector<Entry> entries) {
    std::erase_if(entries, [](const Entry& entry) { return entry.first.empty(); });
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.first < b.first; });
    // The entries that pass through each node of the depth at hand, as a range.
    struct Span {
        size_t begin, end;
    };
    std::vector<Span> level{{0, entries.size()}};
    label_.push_back(0);
    values_.push_back(no_token);
    for (size_t depth = 0; !level.empty(); depth++) {
        std::vector<Span> below;
        size_t nodes_before = label_.size();
        for (Span span : level) {
            first_child_.push_back(static_cast<uint32_t>(nodes_before + below.size()));
            size_t at = span.begin;
            // Those that end at this node come first.
            while (at < span.end && entries[at].first.size() == depth) at++;
            while (at < span.end) {
                size_t end = at;
                char byte = entries[at].first[depth];
                while (end < span.end && entries[end].first[depth] == byte) end++;
                below.push_back({at, end});
                label_.push_back(static_cast<uint8_t>(byte));
                bool ends = entries[at].first.size() == depth + 1;
                values_.push_back(ends ? entries[at].second : no_token);
                at = end;
            }
        }
        level = std::move(below);
    }
    first_child_.push_back(static_cast<uint32_t>(label_.size()));
}

uint32_t Trie::step(uint32_t node, char byte) const {
    uint32_t low = first_child_[node], high = first_child_[node + 1];
    auto wanted = static_cast<uint8_t>(byte);
    while (high - low > 8) {
        uint32_t middle = low + (high - low) / 2;
        if (label_[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    for (; low < high; low++)
        if (label_[low] == wanted) return low;
    return nowhere;
}

Trie::Match Trie::longest(std::string_view text, size_t at) const {
    Match best;
    uint32_t node = root;
    for (size_t i = at; i < text.size(); i++) {
        node = step(node, text[i]);
        if (node == nowhere) break;
        if (values_[node] != no_token) best = {values_[node], i + 1 - at};
    }
    return best;
}

}  // namespace linnet
