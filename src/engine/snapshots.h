// States of recurrent models behind the beginnings of earlier sequences: a later prompt that starts
// alike goes on from the nearest one instead of computing all of it. Bounded; the least recently
// used goes first. Not thread-safe; the engine owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

namespace linnet {

class Snapshots {
  public:
    explicit Snapshots(size_t count_max) : count_max_(count_max) {}

    // Copies the state behind the longest known beginning of `tokens`; how many tokens that is, 0
    // where none is known and nothing was copied.
    size_t restore(std::span<const int32_t> tokens, std::span<float> state, uint64_t root = 0);
    void remember(std::span<const int32_t> tokens, std::span<const float> state, uint64_t root = 0);

    size_t size() const { return snapshots_.size(); }

  private:
    struct Snapshot {
        uint64_t root;  // as of pages: states of different ones have nothing in common
        std::vector<int32_t> tokens;
        std::vector<float> state;
    };
    size_t count_max_;
    std::list<Snapshot> snapshots_;  // the most recently used first
};

}  // namespace linnet
