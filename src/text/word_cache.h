// The tokens of words that were met before: a table of fixed size that any number of threads read
// and write without a lock. A word replaces whatever had its place.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "text/hash.h"
#include "text/tokenizer_data.h"

namespace linnet {

class WordCache {
  public:
    static constexpr size_t word_bytes_max = 24;
    static constexpr size_t ids_max = 8;

    // 16384 slots of 64 bytes, 1 MB, hold the words of most texts.
    WordCache() : slots_(std::make_unique<Slot[]>(slots)) {}

    struct Key {
        uint64_t part[3] = {0, 0, 0};
        uint64_t hash = 0;
        uint64_t length = 0;
    };
    // REQUIRES: word.size() <= word_bytes_max.
    static Key key(std::string_view word) {
        Key key;
        std::memcpy(key.part, word.data(), word.size());
        key.length = word.size();
        key.hash = mix_hash(key.part[0] + key.length, mix_hash(key.part[1], key.part[2]));
        return key;
    }

    // Appends the word's tokens, if they are known.
    bool find(const Key& key, std::vector<TokenId>& out) const {
        const Slot& slot = slots_[key.hash % slots];
        uint64_t state = slot.state.load(std::memory_order_acquire);
        if ((state & length_mask) != key.length << 8 || (state & busy)) return false;
        for (size_t i = 0; i < 3; i++)
            if (slot.part[i].load(std::memory_order_acquire) != key.part[i]) return false;
        uint64_t ids[ids_max / 2];
        for (size_t i = 0; i < ids_max / 2; i++)
            ids[i] = slot.ids[i].load(std::memory_order_acquire);
        // Unchanged since: what was read belongs together.
        if (slot.state.load(std::memory_order_relaxed) != state) return false;
        size_t count = state & count_mask;
        for (size_t i = 0; i < count; i++)
            out.push_back(static_cast<TokenId>(ids[i / 2] >> (i % 2 * 32)));
        return true;
    }

    // REQUIRES: ids.size() <= ids_max.
    void store(const Key& key, std::span<const TokenId> ids) const {
        Slot& slot = slots_[key.hash % slots];
        uint64_t state = slot.state.load(std::memory_order_relaxed);
        if (state & busy) return;
        // Somebody else is at it: they win.
        if (!slot.state.compare_exchange_strong(state, state | busy, std::memory_order_acq_rel))
            return;
        uint64_t packed[ids_max / 2] = {};
        for (size_t i = 0; i < ids.size(); i++)
            packed[i / 2] |= uint64_t{static_cast<uint32_t>(ids[i])} << (i % 2 * 32);
        for (size_t i = 0; i < 3; i++) slot.part[i].store(key.part[i], std::memory_order_release);
        for (size_t i = 0; i < ids_max / 2; i++)
            slot.ids[i].store(packed[i], std::memory_order_release);
        uint64_t version = (state & ~(version_one - 1)) + version_one;
        slot.state.store(version | key.length << 8 | ids.size(), std::memory_order_release);
    }

  private:
    // state: the version above, then busy, the word's length and the count of tokens.
    static constexpr uint64_t count_mask = 0xFF, length_mask = 0xFF00, busy = 0x10000;
    static constexpr uint64_t version_one = 0x20000;
    static constexpr size_t slots = 16384;
    struct alignas(64) Slot {
        std::atomic<uint64_t> state = 0;
        std::atomic<uint64_t> part[3];
        std::atomic<uint64_t> ids[ids_max / 2];
    };
    std::unique_ptr<Slot[]> slots_;
};

}  // namespace linnet
