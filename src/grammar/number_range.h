// Numbers between two bounds as automata over their digits: exact, whatever the bounds.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

// A decimal number, not negative: "12", "5".
struct Magnitude {
    std::string whole = "0", fraction{};  // digits; no leading zeros, no trailing ones
};

struct NumberRange {
    static constexpr int digits_max = 15;  // of which a double tells any two numbers apart
    static constexpr int64_t value_max = 999'999'999'999'999;
    static constexpr uint64_t multiple_max = 1000;

    struct Bound {
        double value = 0;
        bool exclusive = false;
    };
    std::optional<Bound> least, most;
    bool integer = false;
    uint64_t multiple = 1;  // of a NumberRange of integers

    void at_least(Bound bound);  // in addition to what holds so far
    void at_most(Bound bound);
    bool is_free() const { return !least && !most && multiple == 1; }
};

// Unbounded sides end at value_max. nothing() where no number fits. Usage where a bound is beyond.
Result<ExprId> number_range(Draft& draft, const NumberRange& range);

}  // namespace linnet
