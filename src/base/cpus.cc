#include "base/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

std::string small_file(const Path& path) {
    return read_file(path, 1 << 16).value_or("");
}

// The folders of our control group and of all above it, for one v1 controller or ("") for v2.
// Inside a container the path of /proc/self/cgroup may not exist under the mount; then the mount's
// own root is ours.
std::vector<Path> group_folders(const Path& root, std::string_view controller) {
    Path mount = root / "sys/fs/cgroup";
    std::string groups = small_file(root / "proc/self/cgroup");
    std::vector<Path> folders;
    for (std::string_view line : split(groups, '\n')) {
        auto parts = split(line, ':');
        if (parts.size() < 3) continue;
        auto controllers = split(parts[1], ',');
        if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end())
            continue;
        Path top = controller.empty() ? mount : mount / std::string(parts[1]);
        if (!controller.empty() && !std::filesystem::exists(top))
            top = mount / std::string(controller);
        Path below = top / Path(std::string(parts[2])).relative_path();
        constexpr int depth_max = 64;
        for (int depth = 0; depth < depth_max && below != top && below.has_relative_path();
             depth++) {
            folders.push_back(below);
            below = below.parent_path();
        }
        folders.push_back(top);
    }
    return folders;
}

std::optional<double> quota_in(const Path& folder) {
    // v2: "max 100000" or "150000 100000"; v1: two files, quota -1 for none.
    std::string both = small_file(folder / "cpu.max");
    auto parts = split(trim(both), ' ');
    std::optional<double> quota, period;
    std::string quota_text = small_file(folder / "cpu.cfs_quota_us");
    std::string period_text = small_file(folder / "cpu.cfs_period_us");
    if (parts.size() == 2) {
        quota = parse_number(parts[0]);
        period = parse_number(parts[1]);
    } else {
        quota = parse_number(trim(quota_text));
        period = parse_number(trim(period_text));
    }
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return *quota / *period;
}

std::optional<uint64_t> memory_in(const Path& folder) {
    std::string text = small_file(folder / "memory.max");
    if (text.empty()) text = small_file(folder / "memory.limit_in_bytes");
    auto limit = parse_integer<uint64_t>(trim(text));
    // v1 says "no limit" as a number near 2^63.
    if (!limit || *limit >= uint64_t{1} << 60) return std::nullopt;
    return limit;
}

template <class T, class Read>
std::optional<T> tightest(const Path& root, std::string_view controller, Read read) {
    std::optional<T> least;
    for (std::string_view which : {std::string_view(), controller})
        for (const Path& folder : group_folders(root, which))
            if (auto value = read(folder); value && (!least || *value < *least)) least = value;
    return least;
}

}  // namespace

CpuBudget cpu_budget(const Path& root) {
    CpuBudget budget;
    budget.online = static_cast<size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    budget.allowed = budget.online;
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        budget.allowed = static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
    budget.quota = tightest<double>(root, "cpu", quota_in);
    budget.threads = budget.allowed;
    if (budget.quota) {
        auto paid = static_cast<size_t>(std::clamp(std::floor(*budget.quota), 1.0, 4096.0));
        budget.threads = std::min(budget.threads, paid);
    }
    return budget;
}

std::optional<uint64_t> cgroup_memory_limit(const Path& root) {
    return tightest<uint64_t>(root, "memory", memory_in);
}

}  // namespace linnet
