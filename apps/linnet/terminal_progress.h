// Progress for whoever watches: a bar with rate and time left on a terminal, a line now and then
// elsewhere, nothing under --quiet.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "linnet/output.h"

namespace linnet {

class TerminalProgress final : public Progress {
  public:
    TerminalProgress(Output& output, Clock& clock)
        : output_(output), clock_(clock), meter_(clock) {}

    void count_in(std::string_view items) override { items_ = items; }
    void begin(std::string_view step, uint64_t total, uint64_t start) override;
    void at(uint64_t done) override;
    void end() override;
    void note(std::string_view line) override;

  private:
    void draw();
    std::string bar(size_t width) const;
    std::string amount(uint64_t count) const;
    std::string rate(double per_second) const;
    // {"12.3 MB of 98.4 MB", "3.1 MB/s", "28 s left"}: the most important first
    std::vector<std::string> figures() const;

    Output& output_;
    Clock& clock_;
    RateMeter meter_;
    std::string items_, step_;
    uint64_t total_ = 0, start_ = 0, done_ = 0;
    double drawn_s_ = 0;
    double interval_s_ = 0;  // until the next draw or line
    bool running_ = false;
};

}  // namespace linnet
