// Byte-pair encoding's core: symbols side by side, and of all neighbours always the pair of lowest
// rank is merged, the leftmost first. Short words by looking through them; long ones by a list of
// places for each rank, so that time stays linear but for a logarithm in the worst case.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "text/tokenizer_data.h"

namespace linnet {

inline constexpr uint32_t no_rank = std::numeric_limits<uint32_t>::max();

// What two neighbours become.
struct Merged {
    uint32_t rank = no_rank;
    TokenId id = no_token;
};

struct Symbol {
    TokenId id;             // no_token where the symbol is none
    uint32_t start;         // offset of its first byte
    uint32_t end;           // and behind its last one
    uint32_t rank;          // of the pair that it begins, no_rank where there is none
    TokenId merged;         // what that pair becomes
    uint32_t before, next;  // neighbours, while merging a long word
};

// Which places hold a pair of some rank: the lowest rank first, within it the leftmost place.
// Entries go stale; whoever pops looks.
class MergeQueue {
  public:
    struct Place {
        uint32_t rank, at;
    };

    void push(uint32_t rank, uint32_t at) {
        if (rank >= bucket_of_.size()) bucket_of_.resize(size_t{rank} + 1, 0);
        if (bucket_of_[rank] == 0) {
            if (used_ == buckets_.size()) buckets_.emplace_back();
            bucket_of_[rank] = static_cast<uint32_t>(++used_);
            buckets_[used_ - 1].rank = rank;
        }
        Bucket& bucket = buckets_[bucket_of_[rank] - 1];
        bucket.push(at);
        if (bucket.queued) return;
        bucket.queued = true;
        ranks_.push_back(rank);
        std::push_heap(ranks_.begin(), ranks_.end(), std::greater<>());
    }

    // False once nothing is left; the queue is then as new.
    bool pop(Place& out) {
        while (!ranks_.empty()) {
            Bucket& bucket = buckets_[bucket_of_[ranks_.front()] - 1];
            if (bucket.pop(out.at)) {
                out.rank = bucket.rank;
                return true;
            }
            bucket.queued = false;
            std::pop_heap(ranks_.begin(), ranks_.end(), std::greater<>());
            ranks_.pop_back();
        }
        for (size_t i = 0; i < used_; i++) bucket_of_[buckets_[i].rank] = 0;
        used_ = 0;
        return false;
    }

  private:
    // Places come in rising order nearly always, and are then a plain queue. One that does not
    // makes the rest a heap, which a sorted list already is.
    struct Bucket {
        std::vector<uint32_t> places;
        size_t taken = 0;
        uint32_t rank = 0;
        bool heap = false, queued = false;

        void push(uint32_t at) {
            if (!heap && !places.empty() && places.back() > at) {
                places.erase(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(taken));
                taken = 0;
                heap = true;
            }
            places.push_back(at);
            if (heap) std::push_heap(places.begin(), places.end(), std::greater<>());
        }
        bool pop(uint32_t& at) {
            if (taken == places.size()) {
                places.clear();
                taken = 0;
                heap = false;
                return false;
            }
            if (!heap) {
                at = places[taken++];
                return true;
            }
            std::pop_heap(places.begin(), places.end(), std::greater<>());
            at = places.back();
            places.pop_back();
            return true;
        }
    };

    std::vector<Bucket> buckets_;
    size_t used_ = 0;
    std::vector<uint32_t> bucket_of_;  // by rank: number + 1 of its bucket
    std::vector<uint32_t> ranks_;      // a heap of the ranks whose buckets are queued
};

// What encoding needs besides the model; one for each thread that encodes.
struct MergeWorkspace {
    std::vector<Symbol> symbols;
    MergeQueue queue;
    std::vector<TokenId> ids;
};

// Merges `symbols` as far as it goes and leaves those that remain. look(left, right) says what two
// neighbouring symbols become.
template <class Look>
void merge_short(std::vector<Symbol>& symbols, Look look) {
    size_t count = symbols.size();
    auto pair = [&](size_t i) {
        Merged merged = i + 1 < count ? look(symbols[i], symbols[i + 1]) : Merged{};
        symbols[i].rank = merged.rank;
        symbols[i].merged = merged.id;
    };
    for (size_t i = 0; i < count; i++) pair(i);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < count; i++)
            if (symbols[i].rank < symbols[best].rank) best = i;
        if (count < 2 || symbols[best].rank == no_rank) break;
        symbols[best].id = symbols[best].merged;
        symbols[best].end = symbols[best + 1].end;
        std::copy(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 2,
                  symbols.begin() + static_cast<std::ptrdiff_t>(count),
                  symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
        count--;
        pair(best);
        if (best > 0) pair(best - 1);
    }
    symbols.resize(count);
}

template <class Look>
void merge_long(std::vector<Symbol>& symbols, MergeQueue& queue, Look look) {
    constexpr uint32_t nobody = std::numeric_limits<uint32_t>::max();
    auto count = static_cast<uint32_t>(symbols.size());
    auto pair = [&](uint32_t i) {
        Symbol& symbol = symbols[i];
        Merged merged = symbol.next != nobody ? look(symbol, symbols[symbol.next]) : Merged{};
        symbol.rank = merged.rank;
        symbol.merged = merged.id;
        if (merged.rank != no_rank) queue.push(merged.rank, i);
    };
    for (uint32_t i = 0; i < count; i++) {
        symbols[i].before = i == 0 ? nobody : i - 1;
        symbols[i].next = i + 1 < count ? i + 1 : nobody;
    }
    for (uint32_t i = 0; i < count; i++) pair(i);
    for (MergeQueue::Place place; queue.pop(place);) {
        Symbol& left = symbols[place.at];
        if (left.rank != place.rank) continue;
        Symbol& right = symbols[left.next];
        left.id = left.merged;
        left.end = right.end;
        left.next = right.next;
        right.rank = no_rank;
        if (left.next != nobody) symbols[left.next].before = place.at;
        if (left.before != nobody) pair(left.before);
        pair(place.at);
    }
    size_t kept = 0;
    for (uint32_t i = 0, next; count > 0 && i != nobody; i = next) {
        next = symbols[i].next;
        symbols[kept++] = symbols[i];
    }
    symbols.resize(kept);
}

template <class Look>
void merge_all(MergeWorkspace& work, Look look) {
    constexpr size_t short_max = 32;
    if (work.symbols.size() <= short_max)
        merge_short(work.symbols, look);
    else
        merge_long(work.symbols, work.queue, look);
}

}  // namespace linnet
