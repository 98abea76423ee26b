// The tokens of words that were met before: a table of fixed size that any number of threads read
// and write without a lock. Words replace each other.
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
    static constexpr size_t word_bytes_max = 16;
    static constexpr size_t ids_max = 3;
    static constexpr TokenId id_max = (1 << 21) - 1;  // three fit into 64 bits

    // 1 MB: 32768 words of 32 bytes, of which two share a cache line and a place.
    WordCache() : sets_(std::make_unique<Set[]>(sets)) {}

    struct Key {
        uint64_t low, high, hash;
        uint64_t length;
    };
    // REQUIRES: 0 < word.size() <= word_bytes_max.
    static Key key(std::string_view word) {
        const char* p = word.data();
        size_t n = word.size();
        Key key{0, 0, 0, n};
        if (n >= 8) {
            key.low = load<uint64_t>(p);
            if (n > 8) key.high = load<uint64_t>(p + n - 8) >> (8 * (16 - n));
        } else if (n >= 4) {
            key.low = load<uint32_t>(p) | load<uint32_t>(p + n - 4) << (8 * (n - 4));
        } else {
            key.low = load<uint8_t>(p) | load<uint8_t>(p + n / 2) << (8 * (n / 2)) |
                      load<uint8_t>(p + n - 1) << (8 * (n - 1));
        }
        key.hash = mix_hash(key.low + n, key.high);
        return key;
    }

    // Appends the word's tokens, if they are known.
    bool find(const Key& key, std::vector<TokenId>& out) const {
        const Set& set = sets_[key.hash % sets];
        return read(set.slots[0], key, out) || read(set.slots[1], key, out);
    }

    // Keeps the tokens unless they are too many, or their ids too large.
    void store(const Key& key, std::span<const TokenId> ids) const {
        if (ids.size() > ids_max) return;
        uint64_t packed = 0;
        for (size_t i = 0; i < ids.size(); i++) {
            if (ids[i] > id_max) return;
            packed |= static_cast<uint64_t>(ids[i]) << (21 * i);
        }
        // The older of the two, told by the versions, goes.
        Set& set = sets_[key.hash % sets];
        uint64_t first = set.slots[0].state.load(std::memory_order_relaxed);
        uint64_t second = set.slots[1].state.load(std::memory_order_relaxed);
        bool takes_first = first / version_one <= second / version_one;
        Slot& slot = set.slots[takes_first ? 0 : 1];
        uint64_t state = takes_first ? first : second;
        uint64_t version = (takes_first ? second : first) / version_one + 1;
        if (state & busy) return;
        // Where somebody else is at it, they win.
        if (!slot.state.compare_exchange_strong(state, state | busy, std::memory_order_acq_rel))
            return;
        slot.low.store(key.low, std::memory_order_release);
        slot.high.store(key.high, std::memory_order_release);
        slot.ids.store(packed, std::memory_order_release);
        slot.state.store(version * version_one | key.length << 8 | ids.size(),
                         std::memory_order_release);
    }

  private:
    // state: a version that never comes twice in a set, busy, the word's length, the token count.
    static constexpr uint64_t count_mask = 0xFF, length_mask = 0xFF00, busy = 0x10000;
    static constexpr uint64_t version_one = 0x20000;
    static constexpr size_t sets = 16384;
    struct Slot {
        std::atomic<uint64_t> state = 0, low = 0, high = 0, ids = 0;
    };
    struct alignas(64) Set {
        Slot slots[2];
    };

    template <class T>
    static uint64_t load(const char* p) {
        T value;
        std::memcpy(&value, p, sizeof value);
        return value;
    }

    static bool read(const Slot& slot, const Key& key, std::vector<TokenId>& out) {
        uint64_t state = slot.state.load(std::memory_order_acquire);
        if ((state & (length_mask | busy)) != key.length << 8) return false;
        if (slot.low.load(std::memory_order_acquire) != key.low) return false;
        if (slot.high.load(std::memory_order_acquire) != key.high) return false;
        uint64_t ids = slot.ids.load(std::memory_order_acquire);
        // Unchanged since: what was read belongs together.
        if (slot.state.load(std::memory_order_relaxed) != state) return false;
        for (uint64_t count = state & count_mask; count > 0; count--, ids >>= 21)
            out.push_back(static_cast<TokenId>(ids & id_max));
        return true;
    }

    std::unique_ptr<Set[]> sets_;
};

}  // namespace linnet
