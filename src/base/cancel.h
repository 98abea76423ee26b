// A flag that one side sets and the other looks at often: Ctrl-C, a client that went away, a
// deadline.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace linnet {

// Thread-safe and async-signal-safe (a lock-free flag), so a signal handler may request().
class Cancel {
  public:
    void request() { requested_.store(1, std::memory_order_relaxed); }
    void reset() { requested_.store(0, std::memory_order_relaxed); }
    bool requested() const { return requested_.load(std::memory_order_relaxed) != 0; }
    Result<> check() const {
        if (requested()) return Error{Code::Interrupted, "interrupted"};
        return Done{};
    }

  private:
    std::atomic<uint32_t> requested_ = 0;  // a word: RISC-V locks around anything smaller
    static_assert(std::atomic<uint32_t>::is_always_lock_free);
};

}  // namespace linnet
