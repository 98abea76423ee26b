#include "measure/machine.h"

namespace linnet {

Machine read_machine(const Tree& tree) {
    Machine out;
    out.processor = read_processor(tree);
    out.budget = cpu_budget(tree.root());
    out.memory = read_memory(tree);
    out.cpu_pressure = read_pressure(tree, "cpu");
    out.memory_pressure = read_pressure(tree, "memory");
    out.io_pressure = read_pressure(tree, "io");
    out.temperatures = read_temperatures(tree);
    out.throttling = read_throttling(tree);
    out.batteries = read_batteries(tree);
    out.energy = find_energy_sources(tree);
    return out;
}

}  // namespace linnet
