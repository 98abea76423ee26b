// Keeps a transfer below so many bytes a second, by sleeping where it runs ahead.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/cancel.h"
#include "base/clock.h"

namespace linnet {

class RateLimit {
  public:
    // 0: no limit.
    RateLimit(Clock& clock, uint64_t bytes_per_s) : clock_(clock), bytes_per_s_(bytes_per_s) {}

    // Waits until these bytes are paid for. What was not used in the last quarter of a second may
    // be used at once.
    Result<> take(uint64_t bytes, const Cancel& cancel) {
        if (bytes_per_s_ == 0) return Done{};
        paid_until_s_ = std::max(paid_until_s_, clock_.now_s() - burst_s) +
                        static_cast<double>(bytes) / static_cast<double>(bytes_per_s_);
        for (;;) {
            TRY(cancel.check());
            double wait_s = paid_until_s_ - clock_.now_s();
            if (wait_s <= 0) return Done{};
            clock_.sleep_s(std::min(wait_s, 0.05));  // so that a cancel is seen soon
        }
    }

  private:
    static constexpr double burst_s = 0.25;
    Clock& clock_;
    uint64_t bytes_per_s_;
    double paid_until_s_ = -1e300;
};

}  // namespace linnet
