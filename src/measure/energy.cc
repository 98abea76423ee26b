#include "measure/energy.h"

#include <algorithm>

#include "base/text.h"
#include "measure/battery.h"
#include "measure/power_event.h"

namespace linnet {
namespace {

constexpr double watts_max = 100'000;  // more is a broken sensor

Covers covers_of(std::string_view name) {
    if (name == "psys" || name == "energy-psys") return Covers::Machine;
    if (name.starts_with("package") || name == "energy-pkg") return Covers::Processor;
    if (name == "dram" || name == "energy-ram") return Covers::Memory;
    return Covers::Part;  // cores and graphics are within the package
}

// The package shows twice on some machines, as intel-rapl and as intel-rapl-mmio.
void add_counters(const Tree& tree, std::vector<EnergySource>& out) {
    constexpr std::string_view folder = "sys/class/powercap/";
    auto zones = tree.names(folder, "intel-rapl:");
    if (zones.empty()) zones = tree.names(folder, "intel-rapl-mmio:");
    for (const std::string& zone : zones) {
        std::string base = cat(folder, zone, "/");
        std::string name = tree.word(base + "name").value_or(zone);
        out.push_back({name, EnergyKind::Counter, covers_of(name), tree.access(base + "energy_uj"),
                       base + "energy_uj", "",
                       tree.count(base + "max_energy_range_uj").value_or(0)});
    }
}

// Boards measure at their input and at single rails; Nvidia's name the input so.
Covers covers_of_rail(std::string_view monitor, std::string_view label, size_t rails) {
    std::string name = lower(label);
    for (std::string_view input : {"vdd_in", "pom_5v_in", "total", "input", "psys"})
        if (name.find(input) != name.npos) return Covers::Machine;
    return monitor.starts_with("ina") && rails == 1 ? Covers::Machine : Covers::Part;
}

void add_monitor(const Tree& tree, const std::string& base, std::vector<EnergySource>& out) {
    std::string monitor = tree.word(base + "name").value_or("?");
    std::vector<EnergySource> rails;
    auto add = [&](EnergyKind kind, const std::string& label, std::string path,
                   std::string second) {
        Access access = tree.access(path);
        if (access == Access::Readable && !second.empty()) access = tree.access(second);
        std::string name(trim(cat(monitor, " ", label)));
        rails.push_back({name, kind, Covers::Part, access, std::move(path), std::move(second)});
    };
    for (const std::string& file : tree.names(base, "power")) {
        if (!file.ends_with("_input") && !file.ends_with("_average")) continue;
        std::string sensor = file.substr(0, file.find('_'));
        if (file.ends_with("_average") && tree.exists(cat(base, sensor, "_input"))) continue;
        std::string label = tree.word(cat(base, sensor, "_label")).value_or("");
        add(EnergyKind::Power, label, base + file, "");
    }
    for (const std::string& file : tree.names(base, "curr")) {
        if (!rails.empty() && rails[0].kind == EnergyKind::Power) break;
        std::string number = file.substr(4, file.find('_') - 4);
        std::string volts = cat(base, "in", number, "_input");
        if (!file.ends_with("_input") || !tree.exists(volts)) continue;
        std::string label = tree.word(cat(base, "in", number, "_label")).value_or(number);
        add(EnergyKind::Product, label, volts, base + file);
    }
    for (EnergySource& rail : rails) {
        rail.covers = covers_of_rail(monitor, rail.name, rails.size());
        out.push_back(std::move(rail));
    }
}

std::optional<double> watts(const Tree& tree, const EnergySource& source) {
    std::optional<double> out;
    if (source.kind == EnergyKind::Power) {
        if (auto microwatts = tree.number(source.path))
            out = static_cast<double>(*microwatts) / 1e6;
    } else if (source.kind == EnergyKind::Product) {
        auto millivolts = tree.number(source.path), milliamperes = tree.number(source.second);
        if (millivolts && milliamperes)
            out = static_cast<double>(*millivolts) * static_cast<double>(*milliamperes) / 1e6;
    } else if (source.kind == EnergyKind::Battery) {
        out = battery_watts(tree, source.path);
    }
    return out && *out >= 0 && *out <= watts_max ? out : std::nullopt;
}

}  // namespace

std::string_view covers_name(Covers covers) {
    static constexpr std::string_view names[] = {"machine", "processor", "memory", "part"};
    return names[static_cast<size_t>(covers)];
}

std::vector<EnergySource> find_energy_sources(const Tree& tree) {
    std::vector<EnergySource> out;
    add_counters(tree, out);
    for (PowerEvent& event : find_power_events(tree)) {
        Access access = power_event_access(tree, event);
        out.push_back({event.name, EnergyKind::Event, covers_of(event.name), access, event.name});
    }
    for (const std::string& monitor : tree.names("sys/class/hwmon", "hwmon"))
        add_monitor(tree, cat("sys/class/hwmon/", monitor, "/"), out);
    for (const Battery& battery : read_batteries(tree))
        if (battery.discharging())
            out.push_back({battery.name, EnergyKind::Battery, Covers::Machine,
                           battery.watts ? Access::Readable : Access::Absent, battery.name});
    out.resize(std::min(out.size(), energy_sources_max), EnergySource{});
    return out;
}

std::vector<EnergySource> choose_sources(const std::vector<EnergySource>& all) {
    auto those = [&](EnergyKind kind, Covers covers) {
        std::vector<EnergySource> out;
        for (const EnergySource& source : all)
            if (source.kind == kind && source.covers == covers && source.access == Access::Readable)
                out.push_back(source);
        return out;
    };
    for (EnergyKind kind : {EnergyKind::Counter, EnergyKind::Event}) {
        auto machine = those(kind, Covers::Machine);
        if (!machine.empty()) return {machine[0]};
        auto sources = those(kind, Covers::Processor);
        if (sources.empty()) continue;
        for (EnergySource& memory : those(kind, Covers::Memory)) sources.push_back(memory);
        return sources;
    }
    for (EnergyKind kind : {EnergyKind::Power, EnergyKind::Product})
        if (auto machine = those(kind, Covers::Machine); !machine.empty()) return {machine[0]};
    return those(EnergyKind::Battery, Covers::Machine);
}

struct EnergyMeter::Channel {
    EnergySource source;
    std::optional<OpenPowerEvent> event{};
    std::optional<uint64_t> last_uj{};
    std::optional<double> last{};  // joules of an event, else watts

    double joules_since(const Tree& tree, double seconds);
    double counted(const Tree& tree);
};

// A counter that went back without a known end was reset; that step is left out.
double EnergyMeter::Channel::counted(const Tree& tree) {
    auto now = tree.count(source.path);
    auto before = std::exchange(last_uj, now);
    if (!now || !before) return 0;
    if (*now >= *before) return static_cast<double>(*now - *before) / 1e6;
    if (*before > source.wrap_uj || *now > source.wrap_uj) return 0;
    return static_cast<double>(source.wrap_uj - *before + *now) / 1e6;
}

double EnergyMeter::Channel::joules_since(const Tree& tree, double passed_s) {
    double out = 0;
    if (source.kind == EnergyKind::Counter) {
        out = counted(tree);
    } else if (source.kind == EnergyKind::Event) {
        auto now = event ? event->joules() : std::nullopt;
        auto before = std::exchange(last, now);
        out = now && before ? *now - *before : 0;
    } else {
        auto now = watts(tree, source);
        auto before = std::exchange(last, now);
        if (now || before) out = (now.value_or(*before) + before.value_or(*now)) / 2 * passed_s;
    }
    return out >= 0 && out <= watts_max * std::max(passed_s, 0.001) ? out : 0;
}

EnergyMeter::EnergyMeter(const Tree& tree, std::vector<EnergySource> sources, Clock& clock)
    : tree_(&tree), clock_(&clock) {
    for (EnergySource& source : sources) {
        Channel channel{std::move(source)};
        if (channel.source.kind == EnergyKind::Event)
            channel.event = OpenPowerEvent::open(tree, channel.source.path);
        channels_.push_back(std::move(channel));
    }
    began_s_ = last_s_ = clock.now_s();
    for (Channel& channel : channels_) channel.joules_since(tree, 0);
}

EnergyMeter EnergyMeter::of(const Tree& tree, Clock& clock) {
    return EnergyMeter(tree, choose_sources(find_energy_sources(tree)), clock);
}

EnergyMeter::~EnergyMeter() = default;
EnergyMeter::EnergyMeter(EnergyMeter&&) noexcept = default;

bool EnergyMeter::works() const {
    return !channels_.empty();
}

std::string EnergyMeter::source() const {
    std::vector<std::string> names;
    for (const Channel& channel : channels_) names.push_back(channel.source.name);
    if (names.empty()) return "";
    return cat(join(names, " + "), " (", covers_name(channels_[0].source.covers), ")");
}

void EnergyMeter::sample() {
    double now = clock_->now_s();
    for (Channel& channel : channels_) joules_ += channel.joules_since(*tree_, now - last_s_);
    last_s_ = now;
}

double EnergyMeter::seconds() const {
    return last_s_ - began_s_;
}

}  // namespace linnet
