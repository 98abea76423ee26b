#include "grammar/masks.h"

#include <algorithm>
#include <bit>

namespace linnet {
namespace {

// Fewer tokens than that are kept as a list alone.
constexpr size_t few = 128;
constexpr size_t whole_masks_max = 1024;
constexpr uint32_t no_call = 0xFFFF'FFFF;

}  // namespace

size_t TokenMask::count() const {
    size_t count = 0;
    for (uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
}

size_t Masks::Walk::bytes() const {
    size_t bytes = sizeof *this + mask.words().size_bytes() + by_distance.size() * sizeof(Late);
    for (const Exit& exit : exits) bytes += sizeof exit + exit.tokens.size() * sizeof(TokenId);
    return bytes;
}

const TokenMask& Masks::of(uint32_t state, uint32_t distance_max) {
    auto known = whole_.find(state);
    if (known != whole_.end() && known->second.distance_most <= distance_max)
        return known->second.mask;
    latest_ = make(state, distance_max);
    if (latest_.distance_most > distance_max) return latest_.mask;
    if (whole_.size() >= whole_masks_max) whole_.clear();
    return (whole_[state] = std::move(latest_)).mask;
}

// distance_most is beyond distance_max where that left something out.
Masks::Whole Masks::make(uint32_t state, uint32_t distance_max) {
    Whole out{.mask = TokenMask(trie_.vocabulary())};
    std::vector<States::Config> configs(states_.configs(state).begin(),
                                        states_.configs(state).end());
    TokenMask cut;
    for (States::Config config : configs) {
        const Walk& walk = walk_of(config);
        // Less than 0 where the walk started with more repetitions still to come.
        int64_t further = int64_t{states_.frame_at(config.frame).distance} - walk.frame_distance;
        auto distance = [&](const Walk::Late& late) {
            return static_cast<uint32_t>(std::clamp<int64_t>(late.distance + further, 0, no_way));
        };
        size_t begin = 0;  // of those that are near enough
        if (!walk.by_distance.empty())
            out.distance_most = std::max(out.distance_most, distance(walk.by_distance[0]));
        while (begin < walk.by_distance.size() && distance(walk.by_distance[begin]) > distance_max)
            begin++;
        size_t kept = walk.by_distance.size() - begin;
        if (walk.mask.words().empty() || kept < begin) {
            for (size_t i = begin; i < walk.by_distance.size(); i++)
                out.mask.set(walk.by_distance[i].id);
        } else if (begin == 0) {
            out.mask.join(walk.mask);
        } else {
            cut = walk.mask;
            for (size_t i = 0; i < begin; i++) cut.reset(walk.by_distance[i].id);
            out.mask.join(cut);
        }
        uint32_t context =
            is_thin(config.frame) ? states_.frame_at(config.frame).parent : config.frame;
        if (context != States::bottom && !walk.exits.empty())
            add_exits(walk, states_.after(context), distance_max, out);
    }
    if (states_.accepts(state))
        for (TokenId end : trie_.ends()) out.mask.set(end);
    return out;
}

// The rests are sorted: where one fails, all that begin so fail.
void Masks::add_exits(const Walk& walk, uint32_t state, uint32_t distance_max, Whole& out) {
    for (size_t i = 0; i < walk.exits.size();) {
        const Walk::Exit& exit = walk.exits[i++];
        uint32_t at = state;
        size_t read = 0;
        while (read < exit.rest.size() && at != States::dead)
            at = states_.step(at, static_cast<uint8_t>(exit.rest[read++]));
        if (at == States::dead) {
            std::string_view failed = exit.rest.substr(0, read);
            while (i < walk.exits.size() && walk.exits[i].rest.starts_with(failed)) i++;
            continue;
        }
        out.distance_most = std::max(out.distance_most, states_.distance(at));
        if (states_.distance(at) > distance_max) continue;
        for (TokenId id : exit.tokens) out.mask.set(id);
    }
}

bool Masks::is_thin(uint32_t frame) const {
    if (frame == States::bottom) return false;
    const Grammar& grammar = states_.grammar();
    const Grammar::Call& call = grammar.calls[states_.frame_at(frame).call];
    return call.most > 1 && grammar.rules[call.rule].thin;
}

Masks::Key Masks::key_of(States::Config config) const {
    if (!is_thin(config.frame)) return {config.node, no_call, 0, 0};
    const States::Frame& frame = states_.frame_at(config.frame);
    const Grammar::Call& call = states_.grammar().calls[frame.call];
    auto seen = static_cast<uint32_t>(trie_.longest() + 1);
    uint32_t needed = call.least > frame.count ? call.least - frame.count : 0;
    uint32_t left = call.most == Grammar::unbounded ? seen : call.most - frame.count;
    return {config.node, frame.call, std::min(needed, seen), std::min(left, seen)};
}

const Masks::Walk& Masks::walk_of(States::Config config) {
    Key key = key_of(config);
    auto known = walks_.find(key);
    if (known != walks_.end()) return known->second;
    if (walks_bytes_ > bytes_max) {
        walks_.clear();
        walks_bytes_ = 0;
    }
    States::Frame frame = states_.frame_at(config.frame);
    uint32_t start = is_thin(config.frame) ? states_.frame(frame.call, frame.count, States::bottom)
                                           : States::bottom;
    Walk made = walk({config.node, start});
    walks_bytes_ += made.bytes();
    return walks_.emplace(key, std::move(made)).first->second;
}

Masks::Walk Masks::walk(States::Config start) {
    Walk out;
    out.frame_distance = states_.frame_at(start.frame).distance;
    std::vector<uint32_t> path(trie_.longest() + 1);
    std::vector<uint32_t> leaving;  // nodes of the trie where the rule may have ended
    path[0] = states_.of(start);
    std::map<uint32_t, std::vector<TokenId>, std::greater<>> at_distance;
    for (size_t i = 0; i < trie_.nodes();) {
        const TokenTrie::Node& node = trie_.node(i);
        uint32_t state = states_.step(path[node.depth - 1], node.byte);
        path[node.depth] = state;
        if (state == States::dead) {
            i = node.next;
            continue;
        }
        for (uint32_t token = node.first_token; token < trie_.tokens_end(i); token++)
            at_distance[states_.distance(state)].push_back(trie_.id(token));
        if (states_.accepts(state)) leaving.push_back(static_cast<uint32_t>(i));
        // A hostile grammar may have no end of states: from there on only single bytes count, by
        // which any text can be said.
        bool deeper = !states_.configs(state).empty() && !states_.is_full();
        i = deeper ? i + 1 : node.next;
    }
    out.partial = states_.is_full();
    TokenMask within(trie_.vocabulary());
    for (auto& [distance, ids] : at_distance)
        for (TokenId id : ids) {
            out.by_distance.push_back({distance, id});
            within.set(id);
        }
    find_exits(leaving, within, out);
    if (out.by_distance.size() > few) out.mask = std::move(within);
    return out;
}

void Masks::find_exits(std::span<const uint32_t> leaving, const TokenMask& within,
                       Walk& walk) const {
    std::vector<std::pair<std::string_view, TokenId>> pairs;
    for (uint32_t i : leaving) {
        const TokenTrie::Node& node = trie_.node(i);
        uint32_t end = trie_.node(node.next).first_token;
        for (uint32_t token = trie_.tokens_end(i); token < end; token++)
            if (!within.has(trie_.id(token)))
                pairs.emplace_back(trie_.bytes(token).substr(node.depth), trie_.id(token));
    }
    std::ranges::sort(pairs);
    for (auto [rest, id] : pairs) {
        if (walk.exits.empty() || walk.exits.back().rest != rest) walk.exits.push_back({rest, {}});
        walk.exits.back().tokens.push_back(id);
    }
}

}  // namespace linnet
