// Time as something that is passed in, so that a test can hold it.
#pragma once

#include <cstdint>

namespace linnet {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual double now_s() = 0;    // monotonic, from an arbitrary start
    virtual int64_t wall_s() = 0;  // seconds since 1970, UTC
    virtual void sleep_s(double seconds) = 0;
};

class SystemClock final : public Clock {
  public:
    double now_s() override;
    int64_t wall_s() override;
    void sleep_s(double seconds) override;
};

// Stands still until told; sleeping moves it on at once. Not thread-safe.
class ManualClock final : public Clock {
  public:
    double now_s() override { return now_s_; }
    int64_t wall_s() override { return static_cast<int64_t>(now_s_); }
    void sleep_s(double seconds) override { now_s_ += seconds; }

  private:
    double now_s_ = 0;
};

}  // namespace linnet
