// The batteries that this machine runs on.
#pragma once

#include "measure/tree.h"

namespace linnet {

struct Battery {
    std::string name;    // "BAT0"
    std::string status;  // "Discharging", "Charging", "Full", …
    std::optional<double> percent{};
    std::optional<double> watts{};       // what flows in or out now
    std::optional<double> hours_left{};  // at that rate, while it discharges

    bool discharging() const { return status == "Discharging"; }
};

// Not those of mice and headphones. At most batteries_max.
std::vector<Battery> read_batteries(const Tree& tree);
inline constexpr size_t batteries_max = 16;

// Watts that flow in or out of one battery, by its files.
std::optional<double> battery_watts(const Tree& tree, std::string_view name);

}  // namespace linnet
