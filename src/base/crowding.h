// Whether a machine has room for all workers of a pool. Where other programs run, workers wait at
// every barrier for one that is off its processor, and fewer of them are faster: two threads beside
// four busy processes answered with 5 tokens a second, one alone with 40.
#pragma once

#include <cstddef>

namespace linnet {

// Told how long each job took and how much of that its workers stalled; says how many shall do the
// next. Times are seconds of one clock.
class Crowding {
  public:
    explicit Crowding(size_t workers_max) : workers_max_(workers_max), workers_(workers_max) {}

    // After a pause, all are tried again; the pauses double while that fails.
    size_t workers(double now_s);
    // `stalled_s`: the sum over the workers of what they waited for others beyond the usual.
    void observe(double now_s, double elapsed_s, double stalled_s);

  private:
    size_t workers_max_, workers_;
    double elapsed_s_ = 0, stalled_s_ = 0;  // since the last decision
    double pause_s_ = 0, try_at_s_ = 0;
};

}  // namespace linnet
