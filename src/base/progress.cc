#include "base/progress.h"

namespace linnet {

constexpr double window_s = 5;
constexpr double sample_every_s = 0.1;

void RateMeter::begin(uint64_t start, uint64_t total) {
    total_ = total;
    began_s_ = clock_.now_s();
    samples_.assign(1, {began_s_, start});
}

void RateMeter::at(uint64_t done) {
    double now = clock_.now_s();
    // The last sample moves until it is old enough to stand, so the window holds at most a hundred.
    if (samples_.size() > 1 && now - samples_[samples_.size() - 2].at_s < sample_every_s)
        samples_.back() = {now, done};
    else
        samples_.push_back({now, done});
    while (samples_.size() > 2 && now - samples_[1].at_s > window_s) samples_.pop_front();
}

double RateMeter::per_second() const {
    if (samples_.size() < 2) return 0;
    double seconds = samples_.back().at_s - samples_.front().at_s;
    return seconds > 0 ? static_cast<double>(samples_.back().done - samples_.front().done) / seconds
                       : 0;
}

std::optional<double> RateMeter::seconds_left() const {
    double rate = per_second();
    if (total_ == 0 || rate <= 0) return std::nullopt;
    uint64_t done = samples_.back().done;
    return done >= total_ ? 0 : static_cast<double>(total_ - done) / rate;
}

double RateMeter::elapsed_s() const {
    return clock_.now_s() - began_s_;
}

}  // namespace linnet
