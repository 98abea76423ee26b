#include "measure/battery.h"

#include <cmath>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view folder = "sys/class/power_supply/";

// Files hold millionths: of watts, volts, amperes, watt-hours, ampere-hours.
std::optional<double> millionths(const Tree& tree, std::string_view name, std::string_view file) {
    auto value = tree.number(cat(folder, name, "/", file));
    // Some drivers give what flows out a negative sign. Nothing here is above 100 kW.
    if (!value || *value < -100'000'000'000 || *value > 100'000'000'000) return std::nullopt;
    return std::abs(static_cast<double>(*value)) / 1e6;
}

std::optional<double> product(std::optional<double> a, std::optional<double> b) {
    return a && b ? std::optional(*a * *b) : std::nullopt;
}

std::optional<double> hours_left(const Tree& tree, std::string_view name,
                                 std::optional<double> watts) {
    auto energy = millionths(tree, name, "energy_now");
    if (!energy)
        energy =
            product(millionths(tree, name, "charge_now"), millionths(tree, name, "voltage_now"));
    if (!energy || !watts || *watts < 0.01) return std::nullopt;
    return *energy / *watts;
}

}  // namespace

std::optional<double> battery_watts(const Tree& tree, std::string_view name) {
    if (auto watts = millionths(tree, name, "power_now")) return watts;
    return product(millionths(tree, name, "current_now"), millionths(tree, name, "voltage_now"));
}

std::vector<Battery> read_batteries(const Tree& tree) {
    std::vector<Battery> out;
    for (const std::string& name : tree.names(folder)) {
        if (out.size() == batteries_max) break;
        std::string base = cat(folder, name, "/");
        if (tree.word(base + "type") != "Battery" || tree.word(base + "scope") == "Device" ||
            tree.count(base + "present") == 0)
            continue;
        Battery battery{printable(name, Tree::word_bytes_max),
                        tree.word(base + "status").value_or("Unknown")};
        if (auto percent = tree.count(base + "capacity"); percent && *percent <= 100)
            battery.percent = static_cast<double>(*percent);
        battery.watts = battery_watts(tree, name);
        if (battery.discharging()) battery.hours_left = hours_left(tree, name, battery.watts);
        out.push_back(std::move(battery));
    }
    return out;
}

}  // namespace linnet
