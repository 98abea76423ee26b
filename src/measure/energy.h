// What the machine can tell of the energy it takes: counters of the processor (RAPL by powercap or
// perf), power sensors of boards, the battery. They cover different things, and some count others
// in; choose_sources() takes the most that can be added without counting anything twice.
#pragma once

#include "base/clock.h"
#include "measure/tree.h"

namespace linnet {

enum class EnergyKind {
    Counter,  // microjoules, wrapping
    Event,    // a perf counter
    Power,    // microwatts now
    Product,  // millivolts times milliamperes now
    Battery,  // what flows out of it now
};

enum class Covers { Machine, Processor, Memory, Part };
std::string_view covers_name(Covers covers);  // "machine", …

struct EnergySource {
    std::string name;  // "package-0", "energy-pkg", "ina219", "BAT0"
    EnergyKind kind;
    Covers covers;
    Access access;
    std::string path{};    // below the root; of a battery its name
    std::string second{};  // of a product the current
    uint64_t wrap_uj = 0;  // a counter starts again at 0 after this
};

// All that there are, readable or not. At most energy_sources_max.
std::vector<EnergySource> find_energy_sources(const Tree& tree);
std::vector<EnergySource> choose_sources(const std::vector<EnergySource>& all);
inline constexpr size_t energy_sources_max = 64;

// Adds up what the chosen sources say. Not thread-safe.
class EnergyMeter {
  public:
    EnergyMeter(const Tree& tree, std::vector<EnergySource> sources, Clock& clock);
    // Of the sources that choose_sources() takes.
    static EnergyMeter of(const Tree& tree, Clock& clock);
    ~EnergyMeter();
    EnergyMeter(EnergyMeter&&) noexcept;

    bool works() const;
    std::string source() const;  // "package-0 + dram (processor)"; empty where there is none

    // To be called while work runs, once a second or more often: power sensors are read at moments,
    // and a counter must not come round between two looks (after an hour at 70 W).
    void sample();
    double joules() const { return joules_; }  // from the construction to the last sample
    double seconds() const;

  private:
    struct Channel;
    const Tree* tree_;
    Clock* clock_;
    std::vector<Channel> channels_;
    double began_s_ = 0, last_s_ = 0;
    double joules_ = 0;
};

}  // namespace linnet
