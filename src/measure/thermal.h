// How warm it is, and whether the machine holds itself back for it or for want of power.
#pragma once

#include "measure/tree.h"

namespace linnet {

struct Temperature {
    std::string name;  // "cpu-thermal", "coretemp Package id 0"
    double celsius = 0;
    std::optional<double> limit{};     // where the machine begins to slow down
    std::optional<double> critical{};  // where it switches itself off
};

// Plausible readings only: -40 to 150 degrees. At most temperatures_max.
std::vector<Temperature> read_temperatures(const Tree& tree);
inline constexpr size_t temperatures_max = 64;

// What the firmware of a Raspberry Pi reports, and what Intel's processors count.
struct Throttling {
    bool under_voltage = false, capped = false, throttled = false, too_warm = false;  // now
    bool under_voltage_seen = false, throttled_seen = false;  // since the start
    uint64_t slowed_down = 0;  // times that a processor got too warm since the start
};

// Nothing where the machine does not tell.
std::optional<Throttling> read_throttling(const Tree& tree);

}  // namespace linnet
