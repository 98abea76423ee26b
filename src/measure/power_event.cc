#include "measure/power_event.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/cpus.h"
#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view folder = "sys/bus/event_source/devices/power/";

// "event=0x02"
std::optional<uint64_t> parse_event(std::string_view text) {
    constexpr std::string_view start = "event=0x";
    if (!text.starts_with(start)) return std::nullopt;
    uint64_t value = 0;
    const char* end_of_text = text.data() + text.size();
    auto [end, error] = std::from_chars(text.data() + start.size(), end_of_text, value, 16);
    return error == std::errc{} && end == end_of_text ? std::optional(value) : std::nullopt;
}

Descriptor open_counter(const PowerEvent& event, size_t cpu) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = event.type;
    attributes.config = event.config;
    long fd = ::syscall(SYS_perf_event_open, &attributes, -1, static_cast<int>(cpu), -1,
                        PERF_FLAG_FD_CLOEXEC);
    return Descriptor(static_cast<int>(fd));
}

}  // namespace

std::vector<PowerEvent> find_power_events(const Tree& tree) {
    std::vector<PowerEvent> out;
    auto type = tree.count(cat(folder, "type"));
    auto cpus = parse_cpu_list(tree.text(cat(folder, "cpumask")).value_or(""));
    if (!type || *type > UINT32_MAX || !cpus || cpus->empty() || cpus->size() > 64) return out;
    for (const std::string& name : tree.names(cat(folder, "events"), "energy-")) {
        if (name.find('.') != name.npos || out.size() == power_events_max) continue;
        std::string base = cat(folder, "events/", name);
        auto config = parse_event(tree.text(base).value_or(""));
        auto scale = parse_number(tree.text(base + ".scale").value_or(""));
        if (!config || !scale || *scale <= 0 || tree.text(base + ".unit") != "Joules") continue;
        out.push_back({printable(name, 40), static_cast<uint32_t>(*type), *config, *scale, *cpus});
    }
    return out;
}

Access power_event_access(const Tree& tree, const PowerEvent& event) {
    if (!tree.is_this_machine()) return Access::Absent;
    if (open_counter(event, event.cpus[0]).get() >= 0) return Access::Readable;
    return errno == EACCES || errno == EPERM ? Access::Denied : Access::Broken;
}

std::optional<OpenPowerEvent> OpenPowerEvent::open(const Tree& tree, std::string_view name) {
    if (!tree.is_this_machine()) return std::nullopt;
    for (const PowerEvent& event : find_power_events(tree)) {
        if (event.name != name) continue;
        OpenPowerEvent out;
        out.joules_per_count_ = event.joules_per_count;
        for (size_t cpu : event.cpus) {
            Descriptor counter = open_counter(event, cpu);
            if (counter.get() < 0) return std::nullopt;
            out.counters_.push_back(std::move(counter));
        }
        return out;
    }
    return std::nullopt;
}

std::optional<double> OpenPowerEvent::joules() const {
    double total = 0;
    for (const Descriptor& counter : counters_) {
        uint64_t count = 0;
        if (::read(counter.get(), &count, sizeof count) != sizeof count) return std::nullopt;
        total += static_cast<double>(count) * joules_per_count_;
    }
    return total;
}

}  // namespace linnet
