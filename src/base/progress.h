// Long work tells how far it is. Who shows it (a bar, plain lines, nothing) is the app's matter:
// nothing below apps prints.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace linnet {

// Called from one thread.
class Progress {
  public:
    virtual ~Progress() = default;
    // What steps begun from here on count: "layers", "tokens"; bytes where empty, as at first.
    virtual void count_in(std::string_view) {}
    // A step begins: "pulling smollm2-135m". `total` in bytes or items, 0 where unknown; `start`
    // where a resumed step is.
    virtual void begin(std::string_view step, uint64_t total, uint64_t start) = 0;
    virtual void at(uint64_t done) = 0;  // absolute, never falls within a step
    virtual void end() = 0;
    virtual void note(std::string_view line) = 0;  // something to know on the way
};

class NoProgress final : public Progress {
  public:
    void begin(std::string_view, uint64_t, uint64_t) override {}
    void at(uint64_t) override {}
    void end() override {}
    void note(std::string_view) override {}
};

// Rate over the last few seconds and the time that is left at that rate.
class RateMeter {
  public:
    explicit RateMeter(Clock& clock) : clock_(clock) {}
    void begin(uint64_t start, uint64_t total);
    void at(uint64_t done);
    double per_second() const;
    std::optional<double> seconds_left() const;  // nothing where total or rate are unknown
    double elapsed_s() const;

  private:
    struct Sample {
        double at_s;
        uint64_t done;
    };
    Clock& clock_;
    uint64_t total_ = 0;
    double began_s_ = 0;
    std::deque<Sample> samples_;
};

}  // namespace linnet
