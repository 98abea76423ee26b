#include "measure/thermal.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

std::optional<double> celsius(const Tree& tree, std::string_view path) {
    auto thousandths = tree.number(path);
    if (!thousandths || *thousandths < -40'000 || *thousandths > 150'000) return std::nullopt;
    return static_cast<double>(*thousandths) / 1000;
}

Temperature read_zone(const Tree& tree, const std::string& base, double now) {
    Temperature out{tree.word(base + "type").value_or("?"), now};
    for (const std::string& name : tree.names(base, "trip_point_")) {
        if (!name.ends_with("_type")) continue;
        std::string type = tree.word(base + name).value_or("");
        std::string point = name.substr(0, name.size() - 4);
        auto at = celsius(tree, base + point + "temp");
        if (!at || *at <= 0) continue;
        auto& to = type == "critical" ? out.critical : out.limit;
        if (type == "critical" || type == "passive" || type == "hot")
            if (!to || *at < *to) to = at;
    }
    return out;
}

void add_zones(const Tree& tree, std::vector<Temperature>& out) {
    constexpr std::string_view folder = "sys/class/thermal/";
    for (const std::string& zone : tree.names(folder, "thermal_zone")) {
        std::string base = cat(folder, zone, "/");
        if (auto now = celsius(tree, base + "temp")) out.push_back(read_zone(tree, base, *now));
    }
}

void add_monitors(const Tree& tree, std::vector<Temperature>& out) {
    constexpr std::string_view folder = "sys/class/hwmon/";
    for (const std::string& monitor : tree.names(folder, "hwmon")) {
        std::string base = cat(folder, monitor, "/");
        std::string name = tree.word(base + "name").value_or(monitor);
        for (const std::string& input : tree.names(base, "temp")) {
            if (!input.ends_with("_input")) continue;
            std::string sensor = base + input.substr(0, input.size() - 5);
            auto now = celsius(tree, base + input);
            if (!now) continue;
            std::string label = tree.word(sensor + "label").value_or("");
            out.push_back({std::string(trim(cat(name, " ", label))), *now,
                           celsius(tree, sensor + "max"), celsius(tree, sensor + "crit")});
        }
    }
}

// Of a Raspberry Pi: the firmware's own word, a hexadecimal number of flags.
std::optional<uint64_t> read_pi_flags(const Tree& tree) {
    constexpr std::string_view folder = "sys/devices/platform/";
    std::vector<std::string> places;
    for (const std::string& soc : tree.names(folder, "soc")) {
        places.push_back(cat(folder, soc, "/get_throttled"));
        for (const std::string& below : tree.names(cat(folder, soc), "soc"))
            places.push_back(cat(folder, soc, "/", below, "/get_throttled"));
    }
    for (const std::string& place : places) {
        std::string text = tree.text(place).value_or("");
        uint64_t flags = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), flags, 16);
        if (!text.empty() && error == std::errc{} && end == text.data() + text.size()) return flags;
    }
    return std::nullopt;
}

// The same where only the kernel's driver tells: an alarm of the supply voltage.
std::optional<bool> read_pi_alarm(const Tree& tree) {
    constexpr std::string_view folder = "sys/class/hwmon/";
    for (const std::string& monitor : tree.names(folder, "hwmon"))
        if (tree.word(cat(folder, monitor, "/name")) == "rpi_volt")
            if (auto alarm = tree.number(cat(folder, monitor, "/in0_lcrit_alarm")))
                return *alarm != 0;
    return std::nullopt;
}

}  // namespace

std::vector<Temperature> read_temperatures(const Tree& tree) {
    std::vector<Temperature> out;
    add_zones(tree, out);
    add_monitors(tree, out);
    out.resize(std::min(out.size(), temperatures_max));
    return out;
}

std::optional<Throttling> read_throttling(const Tree& tree) {
    Throttling out;
    bool known = false;
    if (auto flags = read_pi_flags(tree)) {
        known = true;
        auto bit = [&](int number) { return ((*flags >> number) & 1) != 0; };
        out.under_voltage = bit(0);
        out.capped = bit(1);
        out.throttled = bit(2);
        out.too_warm = bit(3);
        out.under_voltage_seen = bit(16);
        out.throttled_seen = bit(17) || bit(18) || bit(19);
    }
    if (auto alarm = read_pi_alarm(tree)) {
        known = true;
        out.under_voltage |= *alarm;
    }
    for (const std::string& cpu : tree.names("sys/devices/system/cpu", "cpu"))
        if (auto times = tree.count(
                cat("sys/devices/system/cpu/", cpu, "/thermal_throttle/package_throttle_count"))) {
            known = true;  // of the package, so all its processors say the same
            out.slowed_down = std::max(out.slowed_down, *times);
        }
    return known ? std::optional(out) : std::nullopt;
}

}  // namespace linnet
