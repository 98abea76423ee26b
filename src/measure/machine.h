// All facts about a machine that linnet cares for, read at one moment. Everything may be missing.
#pragma once

#include "base/cpus.h"
#include "measure/battery.h"
#include "measure/energy.h"
#include "measure/memory.h"
#include "measure/processor.h"
#include "measure/thermal.h"

namespace linnet {

struct Machine {
    Processor processor;
    CpuBudget budget;
    Memory memory;
    std::optional<Pressure> cpu_pressure, memory_pressure, io_pressure;
    std::vector<Temperature> temperatures;
    std::optional<Throttling> throttling;
    std::vector<Battery> batteries;
    std::vector<EnergySource> energy;
};

Machine read_machine(const Tree& tree);

}  // namespace linnet
