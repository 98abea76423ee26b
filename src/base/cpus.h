// How many processors this process may really use: the smallest of what is online, what affinity
// allows and what the control group's quota pays for. Spinning threads beyond the quota are stopped
// by the kernel in mid-step, which made peers 4 to 45 times slower in containers.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace linnet {

struct CpuBudget {
    size_t online = 1;
    size_t allowed = 1;  // by affinity (taskset, cpuset)
    std::optional<double>
        quota;           // processors' worth of time, from the tightest control group above us
    size_t threads = 1;  // what to use: at least 1; a quota is rounded down
};

// `root` is where /proc and /sys are looked for, so that tests can bring their own. Of this machine
// ("/") the kernel is asked directly where the files are missing.
CpuBudget cpu_budget(const Path& root = "/");

// "0-3,8": the numbers of a kernel's list in rising order, each once. Nothing where the text is no
// such list or names a processor beyond 65,535.
std::optional<std::vector<size_t>> parse_cpu_list(std::string_view text);

// The memory limit of the control groups above us in bytes, or nothing.
std::optional<uint64_t> cgroup_memory_limit(const Path& root = "/");

// What those groups may still take, counting file pages as free that have not been used lately; or
// nothing where there is no limit.
std::optional<uint64_t> cgroup_memory_left(const Path& root = "/");

}  // namespace linnet
