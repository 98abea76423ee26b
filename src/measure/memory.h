// The memory of this machine, and whether those who want it, the processors or the disks wait.
#pragma once

#include "measure/tree.h"

namespace linnet {

struct Memory {
    uint64_t total = 0;      // 0: unknown
    uint64_t available = 0;  // without swapping
    uint64_t swap_total = 0, swap_free = 0;
    std::optional<uint64_t> limit{};  // of the control groups above us, and what they have left
    std::optional<uint64_t> left{};
    std::string transparent_huge_pages{};  // "always", "madvise", "never", or empty
    uint64_t huge_page_bytes = 0, huge_pages = 0, huge_pages_free = 0;  // set aside

    uint64_t usable() const;  // what a model may take now
};

Memory read_memory(const Tree& tree);

// Percent of the last ten seconds and of the last minute in which some, or all, had to wait.
struct Pressure {
    double some_10s = 0, some_60s = 0;
    double full_10s = 0, full_60s = 0;
};

// `what` is "cpu", "memory" or "io". Nothing where the kernel does not tell.
std::optional<Pressure> read_pressure(const Tree& tree, std::string_view what);

}  // namespace linnet
