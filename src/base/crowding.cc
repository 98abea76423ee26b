#include "base/crowding.h"

#include <algorithm>

namespace linnet {

constexpr double decide_after_s = 0.02;
// Of the time that workers could at most wait. Beside one busy process, a worker that shares its
// processor keeps all others waiting for half of the time.
constexpr double stalled_max = 0.4;
constexpr double pause_least_s = 0.1, pause_most_s = 5;

size_t Crowding::workers(double now_s) {
    if (workers_ < workers_max_ && now_s >= try_at_s_) {
        workers_ = workers_max_;
        elapsed_s_ = stalled_s_ = 0;
    }
    return workers_;
}

void Crowding::observe(double now_s, double elapsed_s, double stalled_s) {
    elapsed_s_ += elapsed_s;
    stalled_s_ += stalled_s;
    if (workers_ == 1 || elapsed_s_ < decide_after_s) return;
    bool crowded = stalled_s_ > stalled_max * elapsed_s_ * static_cast<double>(workers_ - 1);
    elapsed_s_ = stalled_s_ = 0;
    if (crowded) {
        bool again = workers_ == workers_max_;
        if (again) pause_s_ = std::clamp(2 * pause_s_, pause_least_s, pause_most_s);
        workers_ = std::max<size_t>(workers_ / 2, 1);
        try_at_s_ = now_s + pause_s_;
    } else if (workers_ == workers_max_) {
        pause_s_ = 0;
    }
}

}  // namespace linnet
