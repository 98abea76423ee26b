#include "measure/health.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

// Collects the findings of one area; where nothing is wrong, what there is.
class Area {
  public:
    Area(std::string name, std::vector<Finding>& findings)
        : name_(std::move(name)), findings_(findings) {}

    void warn(std::string what, std::string fix) {
        add(Health::Warning, std::move(what), std::move(fix));
    }
    void problem(std::string what, std::string fix) {
        add(Health::Problem, std::move(what), std::move(fix));
    }
    void otherwise(std::string what) {
        if (fine_) add(Health::Ok, std::move(what), "");
    }

  private:
    void add(Health health, std::string what, std::string fix) {
        fine_ = false;
        findings_.push_back({health, name_, std::move(what), std::move(fix)});
    }
    std::string name_;
    std::vector<Finding>& findings_;
    bool fine_ = true;
};

std::string plural(size_t count, std::string_view noun) {
    return cat(count, " ", noun, count == 1 ? "" : "s");
}

std::string percent(double share) {
    return cat(fixed(share * 100, share < 0.1 ? 1 : 0), " %");
}

std::string gigahertz(uint64_t hz) {
    return cat(fixed(static_cast<double>(hz) / 1e9, 1), " GHz");
}

void examine_processor(const Processor& processor, Area area) {
    constexpr double stolen_max = 0.05;
    const Frequency& frequency = processor.frequency;
    // Under intel_pstate and amd-pstate "powersave" is the usual governor, and not slow.
    bool own_governor =
        frequency.driver.starts_with("intel_pstate") || frequency.driver.starts_with("amd-pstate");
    if (frequency.governor == "powersave" && !own_governor)
        area.warn(
            "the powersave governor keeps the processor at its lowest frequency",
            "echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
    if (frequency.hz_limit && frequency.hz_max &&
        *frequency.hz_limit < *frequency.hz_max / 100 * 90)
        area.warn(cat("the frequency is limited to ", gigahertz(*frequency.hz_limit), " of ",
                      gigahertz(*frequency.hz_max)),
                  cat("echo ", *frequency.hz_max / 1000,
                      " | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq"));
    if (frequency.boost_off)
        area.warn("the processor's boost is switched off",
                  "allow it in the firmware or the power settings, where heat and noise permit");
    if (processor.stolen && *processor.stolen > stolen_max)
        area.warn(
            cat("the host gave ", percent(*processor.stolen), " of this machine's time to others"),
            "use a machine with processors of its own");
    std::string name =
        processor.name.empty() ? "a processor that does not tell its name" : processor.name;
    area.otherwise(processor.is_virtual ? cat(name, ", in a virtual machine") : name);
}

void examine_threads(const Machine& machine, Area area) {
    constexpr double busy_max = 20;
    const CpuBudget& budget = machine.budget;
    if (budget.quota && *budget.quota < static_cast<double>(budget.allowed))
        area.warn(cat("the control group pays for ", fixed(*budget.quota, 1), " of ",
                      plural(budget.allowed, "processor"), "; linnet uses ",
                      plural(budget.threads, "thread")),
                  cat("raise the quota, for example docker run --cpus ", budget.allowed,
                      " or the pod's limit"));
    if (machine.cpu_pressure && machine.cpu_pressure->some_60s > busy_max)
        area.warn(cat("other work keeps the processors busy: for ",
                      percent(machine.cpu_pressure->some_60s / 100),
                      " of the last minute something waited for one"),
                  "stop it, or give it a lower priority (nice)");
    std::string what = cat(plural(budget.threads, "thread"), " will be used");
    if (budget.allowed < budget.online)
        what += cat("; affinity allows ", budget.allowed, " of ", budget.online);
    area.otherwise(what);
}

void examine_memory(const Machine& machine, Area area) {
    constexpr uint64_t small = 600'000'000;  // the default model with its context takes half of it
    constexpr double stalled_max = 5, waited_max = 10;
    const Memory& memory = machine.memory;
    if (memory.total == 0) return area.otherwise("this machine does not tell its memory");
    if (memory.usable() < small)
        area.warn(
            cat("only ", bytes_text(memory.usable()), " of memory are free",
                memory.left && *memory.left < memory.available ? " within the control group's limit"
                                                               : ""),
            "close other programs, raise the limit, or choose a smaller model");
    if (auto pressure = machine.memory_pressure) {
        if (pressure->full_60s > stalled_max)
            area.problem(cat("memory is too short: for ", percent(pressure->full_60s / 100),
                             " of the last minute everything waited for it"),
                         "close other programs, or choose a smaller model");
        else if (pressure->some_60s > waited_max)
            area.warn(cat("memory is short: for ", percent(pressure->some_60s / 100),
                          " of the last minute something waited for it"),
                      "close other programs, or choose a smaller model");
    } else if (memory.swap_total > 0 && memory.swap_free < memory.swap_total / 2 &&
               memory.available < memory.total / 10) {
        area.warn("memory is short, and half of the swap space is taken", "close other programs");
    }
    if (memory.transparent_huge_pages == "never")
        area.warn("huge pages are switched off, which makes reading a model slower",
                  "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
    std::string what = cat(bytes_text(memory.total), ", of which ", bytes_text(memory.usable()),
                           " are free for a model");
    if (memory.limit) what += cat(" within a limit of ", bytes_text(*memory.limit));
    area.otherwise(what);
}

void examine_heat(const Machine& machine, Area area) {
    constexpr double near = 5;
    const Temperature* hottest = nullptr;
    for (const Temperature& each : machine.temperatures) {
        if (!hottest || each.celsius > hottest->celsius) hottest = &each;
        std::string what = cat(each.name, " is at ", fixed(each.celsius, 0), " °C");
        if (each.critical && each.celsius > *each.critical - near)
            area.problem(cat(what, ", near its critical ", fixed(*each.critical, 0), " °C"),
                         "cool it; it may switch itself off");
        else if (each.limit && *each.limit > 0 && each.celsius > *each.limit - near)
            area.warn(cat(what, ", near its limit of ", fixed(*each.limit, 0), " °C"),
                      "cool it; it slows down when it is warmer");
    }
    if (machine.throttling && machine.throttling->too_warm)
        area.warn("the firmware holds the processor back because it is too warm", "add a cooler");
    area.otherwise(hottest ? cat(hottest->name, " is at ", fixed(hottest->celsius, 0), " °C")
                           : "this machine does not tell its temperature");
}

void examine_power(const Machine& machine, Area area) {
    constexpr double low = 20;
    if (auto throttling = machine.throttling) {
        if (throttling->under_voltage)
            area.problem("the supply voltage is too low, so the processor is held back",
                         "use the power supply and cable that the board's maker names");
        else if (throttling->under_voltage_seen)
            area.warn("the supply voltage was too low at some time since the start",
                      "use the power supply and cable that the board's maker names");
        if ((throttling->throttled || throttling->capped) && !throttling->under_voltage &&
            !throttling->too_warm)
            area.warn("the firmware holds the processor back", "look at its cooling and supply");
    }
    for (const Battery& battery : machine.batteries)
        if (battery.discharging() && battery.percent && *battery.percent < low)
            area.warn(cat(battery.name, " is at ", fixed(*battery.percent, 0), " %"),
                      "connect the power supply");
    std::vector<std::string> words;
    for (const Battery& battery : machine.batteries) {
        std::string word = cat(battery.name, " ", lower(battery.status));
        if (battery.percent) word += cat(" at ", fixed(*battery.percent, 0), " %");
        if (battery.hours_left)
            word += cat(", ", duration_text(*battery.hours_left * 3600), " left");
        words.push_back(word);
    }
    area.otherwise(words.empty() ? "no battery" : join(words, "; "));
}

void examine_energy(const Machine& machine, Area area) {
    auto chosen = choose_sources(machine.energy);
    auto denied = std::find_if(machine.energy.begin(), machine.energy.end(),
                               [](const auto& each) { return each.access == Access::Denied; });
    if (chosen.empty() && denied != machine.energy.end())
        area.warn(
            cat("the energy counter ", denied->name, " is there but may not be read"),
            denied->kind == EnergyKind::Event
                ? "sudo sysctl kernel.perf_event_paranoid=0 (until the next start)"
                : cat("sudo chmod a+r /", Path(denied->path).string(), " (until the next start)"));
    std::vector<std::string> names;
    for (const EnergySource& source : chosen) names.push_back(source.name);
    area.otherwise(chosen.empty() ? "this machine does not tell its energy"
                                  : cat("measured by ", join(names, " + "), ", of the ",
                                        covers_name(chosen[0].covers)));
}

}  // namespace

std::string_view health_name(Health health) {
    static constexpr std::string_view names[] = {"ok", "warning", "problem"};
    return names[static_cast<size_t>(health)];
}

std::vector<Finding> examine(const Machine& machine) {
    std::vector<Finding> findings;
    examine_processor(machine.processor, Area("processor", findings));
    examine_threads(machine, Area("threads", findings));
    examine_memory(machine, Area("memory", findings));
    examine_heat(machine, Area("temperature", findings));
    examine_power(machine, Area("power", findings));
    examine_energy(machine, Area("energy", findings));
    return findings;
}

Finding examine_disk(const Path& path, uint64_t bytes_free) {
    constexpr uint64_t little = 2'000'000'000, least = 200'000'000;
    Health health = bytes_free < least    ? Health::Problem
                    : bytes_free < little ? Health::Warning
                                          : Health::Ok;
    return {health, "disk", cat(bytes_text(bytes_free), " are free for models in ", path),
            health == Health::Ok ? "" : "remove models (linnet rm) and leftovers (linnet gc)"};
}

Health worst(const std::vector<Finding>& findings) {
    Health worst = Health::Ok;
    for (const Finding& finding : findings) worst = std::max(worst, finding.health);
    return worst;
}

}  // namespace linnet
