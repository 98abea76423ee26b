#include "grammar/states.h"

#include <algorithm>

#include "text/hash.h"

namespace linnet {

States::States(const Grammar& grammar, std::span<const uint32_t> distance)
    : grammar_(grammar), distance_(distance) {
    clear();
}

void States::clear() {
    frames_.assign(1, {});
    frame_of_.clear();
    states_.clear();
    state_of_.clear();
    bytes_ = 0;
    states_.push_back({.configs = {}, .next = std::vector<uint32_t>(grammar_.classes, dead)});
}

size_t States::FrameHash::operator()(const FrameKey& key) const {
    return mix_hash(uint64_t{key.call} << 32 | key.count, key.parent);
}

uint32_t States::frame(uint32_t call, uint32_t count, uint32_t parent) {
    const Grammar::Call& c = grammar_.calls[call];
    if (c.most == Grammar::unbounded) count = std::min(count, c.least);
    auto [found, is_new] =
        frame_of_.try_emplace({call, count, parent}, static_cast<uint32_t>(frames_.size()));
    if (!is_new) return found->second;
    uint32_t still = c.least > count + 1 ? c.least - count - 1 : 0;
    uint32_t distance = times_distance(still, distance_[grammar_.rules[c.rule].start]);
    distance = add_distances(distance, distance_[c.back]);
    distance = add_distances(distance, frames_[parent].distance);
    frames_.push_back({call, count, parent, distance});
    bytes_ += sizeof(Frame) + 64;
    return found->second;
}

uint32_t States::of(Config config) {
    add(config);
    return finish();
}

uint32_t States::after(uint32_t frame) {
    leave(frame);
    return finish();
}

uint32_t States::step(uint32_t state, uint8_t byte) {
    uint32_t known = states_[state].next[grammar_.class_of[byte]];
    if (known != unknown) return known;
    for (Config config : states_[state].configs) {
        auto edges = grammar_.edges_of(config.node);
        auto edge = std::ranges::lower_bound(edges, byte, {}, &Grammar::Edge::last);
        if (edge != edges.end() && edge->first <= byte) add({edge->to, config.frame});
    }
    uint32_t next = finish();
    states_[state].next[grammar_.class_of[byte]] = next;
    return next;
}

void States::add(Config config) {
    if (std::ranges::find(reached_, config) != reached_.end()) return;
    if (reached_.size() >= configs_max) {
        forgot_ = true;
        return;
    }
    reached_.push_back(config);
    open_.push_back(config);
}

// The calls of a node, and the end of its rule.
void States::enter(Config config) {
    const Grammar::Node& node = grammar_.nodes[config.node];
    for (uint32_t i = node.first_call; i < grammar_.nodes[config.node + 1].first_call; i++) {
        const Grammar::Call& call = grammar_.calls[i];
        uint32_t start = grammar_.rules[call.rule].start;
        // A call with nothing behind it needs no frame of its own: endless lists stay flat.
        bool last = call.most == 1 && grammar_.nodes[call.back].accepts &&
                    grammar_.edges_of(call.back).empty() && grammar_.calls_of(call.back).empty();
        add({start, last ? config.frame : frame(i, 0, config.frame)});
    }
    if (node.accepts) leave(config.frame);
}

void States::leave(uint32_t frame) {
    if (frame == bottom) {
        accepting_ = true;
        return;
    }
    Frame f = frames_[frame];
    const Grammar::Call& call = grammar_.calls[f.call];
    uint32_t count = f.count + 1;
    if (count < call.most)
        add({grammar_.rules[call.rule].start, this->frame(f.call, count, f.parent)});
    if (count >= call.least) add({call.back, f.parent});
}

uint32_t States::finish() {
    while (!open_.empty()) {
        Config config = open_.back();
        open_.pop_back();
        enter(config);
    }
    uint32_t distance = accepting_ ? 0 : no_way;
    for (Config config : reached_) distance = std::min(distance, this->distance(config));
    // Nodes that only call have been replaced by what they call.
    std::erase_if(reached_, [&](Config c) { return grammar_.edges_of(c.node).empty(); });
    std::ranges::sort(reached_);
    bool accepting = accepting_;
    accepting_ = false;
    if (reached_.empty() && !accepting) return dead;

    uint64_t hash = accepting;
    for (Config config : reached_)
        hash = mix_hash(hash, uint64_t{config.node} << 32 | config.frame);
    for (auto [at, end] = state_of_.equal_range(hash); at != end; ++at) {
        const State& state = states_[at->second];
        if (state.accepts == accepting && state.configs == reached_) {
            reached_.clear();
            return at->second;
        }
    }
    auto number = static_cast<uint32_t>(states_.size());
    states_.push_back({.configs = reached_,
                       .next = std::vector<uint32_t>(grammar_.classes, unknown),
                       .accepts = accepting,
                       .distance = distance});
    state_of_.emplace(hash, number);
    bytes_ += sizeof(State) + 64 + reached_.size() * sizeof(Config) + grammar_.classes * 4;
    reached_.clear();
    return number;
}

uint32_t States::forget_all_but(uint32_t state) {
    std::vector<Config> configs = states_[state].configs;
    bool accepts = states_[state].accepts;
    std::vector<Frame> old = std::move(frames_);
    clear();
    // A frame is always younger than its parent.
    std::vector<bool> needed(old.size(), false);
    for (Config config : configs) needed[config.frame] = true;
    for (size_t i = old.size(); i-- > 1;)
        if (needed[i]) needed[old[i].parent] = true;
    std::vector<uint32_t> moved(old.size(), bottom);
    for (size_t i = 1; i < old.size(); i++)
        if (needed[i]) moved[i] = frame(old[i].call, old[i].count, moved[old[i].parent]);
    for (Config config : configs) reached_.push_back({config.node, moved[config.frame]});
    accepting_ = accepts;
    return finish();
}

}  // namespace linnet
