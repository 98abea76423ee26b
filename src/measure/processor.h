// The processor of this machine: name, kinds of cores, caches, frequencies.
#pragma once

#include "base/cpus.h"
#include "measure/tree.h"

namespace linnet {

// Cores of one kind. A machine with big and little cores has several.
struct CoreClass {
    std::string name;  // "Cortex-A76", "performance", or empty where there is but one kind
    size_t threads = 0;
    size_t cores = 0;                    // fewer than threads where a core runs two
    std::optional<uint64_t> hz_max{};    // by design
    std::optional<uint64_t> capacity{};  // as the scheduler rates it; the fastest is about 1024
};

struct Cache {
    unsigned level = 0;
    std::string type;  // "Data", "Instruction", "Unified"
    uint64_t bytes = 0;
    size_t count = 0;
};

struct Frequency {
    std::string governor{}, driver{};    // empty where there is no frequency control
    std::optional<uint64_t> hz_now{};    // the fastest at this moment
    std::optional<uint64_t> hz_max{};    // by design
    std::optional<uint64_t> hz_limit{};  // as set by somebody
    bool boost_off = false;
};

struct Processor {
    std::string machine;  // "Raspberry Pi 5 Model B Rev 1.0"; may be empty
    std::string name;
    bool is_virtual = false;
    std::vector<CoreClass> classes;  // the fastest first
    std::vector<Cache> caches;       // by level
    Frequency frequency;
    std::optional<double> stolen;  // share of our time since boot that the host gave to others

    size_t cores() const;
    uint64_t cache_bytes() const;  // of all second and higher levels
};

Processor read_processor(const Tree& tree);

}  // namespace linnet
