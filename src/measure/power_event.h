// The energy counters of the processor as perf offers them, for machines where /sys/class/powercap
// is not readable but kernel.perf_event_paranoid is 0 or less.
#pragma once

#include "measure/tree.h"

namespace linnet {

struct PowerEvent {
    std::string name;  // "energy-pkg"
    uint32_t type = 0;
    uint64_t config = 0;
    double joules_per_count = 0;
    std::vector<size_t> cpus{};  // one of each package
};

// Those that the tree describes wholly; at most power_events_max.
std::vector<PowerEvent> find_power_events(const Tree& tree);
inline constexpr size_t power_events_max = 16;

// Whether this process may count it. Of a recorded tree: absent, as there is nothing to count.
Access power_event_access(const Tree& tree, const PowerEvent& event);

class OpenPowerEvent {
  public:
    static std::optional<OpenPowerEvent> open(const Tree& tree, std::string_view name);
    std::optional<double> joules() const;  // since it was opened

  private:
    double joules_per_count_ = 0;
    std::vector<Descriptor> counters_;
};

}  // namespace linnet
