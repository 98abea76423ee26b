// What an answer took: counts, speed, memory, and energy where this machine can tell.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "engine/generator.h"
#include "measure/energy.h"

namespace linnet {

// Begins to measure when it is made. Not thread-safe.
class AnswerMeter {
  public:
    enum class Energy { Measured, Ignored };
    // `tree` is this machine, or what a test has in its place.
    AnswerMeter(Clock& clock, Energy energy, Tree tree = Tree());
    AnswerMeter(const AnswerMeter&) = delete;  // the meter points into it
    AnswerMeter& operator=(const AnswerMeter&) = delete;

    // To be called with every event of the answer.
    void sample(const GenerationEvent& event);

    // As --json and --stats tell it.
    Json document(const RunStats& stats) const;
    std::string line(const RunStats& stats) const;

  private:
    Clock& clock_;
    Tree tree_;
    std::optional<EnergyMeter> energy_;
    double sampled_s_ = 0;
};

// Without energy.
std::string stats_line(const RunStats& stats);

}  // namespace linnet
