// A grammar in motion: what it may be in the middle of, after some text. States are found once and
// kept, so that a walk over many texts costs a look-up a byte.
//
// A state is a set of configurations, each a node and the calls that it will return to. Calls are
// kept as frames that point to the frame below; frame 0 is the bottom. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "grammar/distance.h"
#include "grammar/grammar.h"

namespace linnet {

class States {
  public:
    static constexpr uint32_t dead = 0;
    static constexpr uint32_t bottom = 0;
    // Ways to read the same text; beyond it some are forgotten, so that less is allowed.
    static constexpr size_t configs_max = 512;
    static constexpr size_t bytes_max = 48 << 20;

    struct Config {
        uint32_t node, frame;
        auto operator<=>(const Config&) const = default;
    };
    struct Frame {
        uint32_t call = 0;   // of the grammar
        uint32_t count = 0;  // how often the called rule has matched; no more than need be told
        uint32_t parent = 0;
        uint32_t distance = 0;  // from the end of the match in progress to the end of everything
    };

    // `distance` is distances() of the grammar. Both must outlive it.
    States(const Grammar& grammar, std::span<const uint32_t> distance);

    uint32_t first() { return of({grammar_.entry, bottom}); }
    uint32_t of(Config config);  // that one alone, and what it leads to
    uint32_t step(uint32_t state, uint8_t byte);
    uint32_t after(uint32_t frame);  // where the rule that was called here has just ended
    uint32_t frame(uint32_t call, uint32_t count, uint32_t parent);

    bool accepts(uint32_t state) const { return states_[state].accepts; }
    // To the end by the shortest way; no_way where there is none.
    uint32_t distance(uint32_t state) const { return states_[state].distance; }
    uint32_t distance(Config config) const {
        return add_distances(distance_[config.node], frames_[config.frame].distance);
    }
    std::span<const Config> configs(uint32_t state) const { return states_[state].configs; }
    const Frame& frame_at(uint32_t frame) const { return frames_[frame]; }
    const Grammar& grammar() const { return grammar_; }

    bool forgot() const { return forgot_; }  // ways, since it was made
    bool is_full() const { return bytes_ > bytes_max; }
    size_t size() const { return states_.size(); }
    // Forgets all states but this one, which gets a new number.
    uint32_t forget_all_but(uint32_t state);

  private:
    static constexpr uint32_t unknown = 0xFFFF'FFFF;
    struct State {
        std::vector<Config> configs;
        std::vector<uint32_t> next;  // by class of bytes
        bool accepts = false;
        uint32_t distance = no_way;
    };
    struct FrameKey {
        uint32_t call, count, parent;
        bool operator==(const FrameKey&) const = default;
    };
    struct FrameHash {
        size_t operator()(const FrameKey& key) const;
    };
    void clear();
    void add(Config config);
    void enter(Config config);
    void leave(uint32_t frame);
    uint32_t finish();

    const Grammar& grammar_;
    std::span<const uint32_t> distance_;
    std::vector<Frame> frames_;
    std::unordered_map<FrameKey, uint32_t, FrameHash> frame_of_;
    std::vector<State> states_;
    std::unordered_multimap<uint64_t, uint32_t> state_of_;  // by hash
    size_t bytes_ = 0;

    // The state that is being made.
    std::vector<Config> reached_, open_;
    bool accepting_ = false;
    bool forgot_ = false;
};

}  // namespace linnet
