#include "base/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
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
        // "4:cpu,cpuacct:/path"; the path may hold colons of its own.
        size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == line.npos || second == line.npos) continue;
        std::string_view names = line.substr(first + 1, second - first - 1);
        auto controllers = split(names, ',');
        if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end())
            continue;
        std::error_code missing;
        Path top = controller.empty() ? mount : mount / std::string(names);
        if (!controller.empty() && !std::filesystem::exists(top, missing))
            top = mount / std::string(controller);
        Path below = top / Path(std::string(line.substr(second + 1))).relative_path();
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

std::optional<uint64_t> memory_left_in(const Path& folder) {
    auto limit = memory_in(folder);
    if (!limit) return std::nullopt;
    std::string used_text = small_file(folder / "memory.current");
    if (used_text.empty()) used_text = small_file(folder / "memory.usage_in_bytes");
    uint64_t used = parse_integer<uint64_t>(trim(used_text)).value_or(0);
    uint64_t idle = 0;
    std::string stat = small_file(folder / "memory.stat");
    for (std::string_view line : split(stat, '\n'))
        for (std::string_view name : {"inactive_file ", "total_inactive_file "})  // v2, v1
            if (line.starts_with(name))
                idle = parse_integer<uint64_t>(trim(line.substr(name.size()))).value_or(0);
    used -= std::min(used, idle);
    return *limit - std::min(*limit, used);
}

template <class T, class Read>
std::optional<T> tightest(const Path& root, std::string_view controller, Read read) {
    std::optional<T> least;
    for (std::string_view which : {std::string_view(), controller})
        for (const Path& folder : group_folders(root, which))
            if (auto value = read(folder); value && (!least || *value < *least)) least = value;
    return least;
}

// Of "Cpus_allowed_list:\t0-3" in /proc/self/status.
std::optional<std::vector<size_t>> affinity_in(const Path& root) {
    std::string status = small_file(root / "proc/self/status");
    constexpr std::string_view name = "Cpus_allowed_list:";
    for (std::string_view line : split(status, '\n'))
        if (line.starts_with(name)) return parse_cpu_list(line.substr(name.size()));
    return std::nullopt;
}

void ask_kernel(CpuBudget& budget) {
    budget.online = static_cast<size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    budget.allowed = budget.online;
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        budget.allowed = static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

std::optional<std::vector<size_t>> parse_cpu_list(std::string_view text) {
    constexpr size_t cpu_max = 65535;
    std::vector<size_t> numbers;
    text = trim(text);
    if (text.empty()) return numbers;
    for (std::string_view part : split(text, ',')) {
        size_t dash = part.find('-');
        auto first = parse_integer<size_t>(part.substr(0, dash));
        auto last = dash == part.npos ? first : parse_integer<size_t>(part.substr(dash + 1));
        if (!first || !last || *first > *last || *last > cpu_max) return std::nullopt;
        if (!numbers.empty() && *first <= numbers.back()) return std::nullopt;
        for (size_t number = *first; number <= *last; number++) numbers.push_back(number);
    }
    return numbers;
}

CpuBudget cpu_budget(const Path& root) {
    CpuBudget budget;
    auto online = parse_cpu_list(small_file(root / "sys/devices/system/cpu/online"));
    auto affinity = affinity_in(root);
    if (online && affinity && !online->empty()) {
        // The kernel's list may name processors that are not there.
        std::vector<size_t> both;
        std::set_intersection(online->begin(), online->end(), affinity->begin(), affinity->end(),
                              std::back_inserter(both));
        budget.online = online->size();
        budget.allowed = std::max<size_t>(both.size(), 1);
    } else if (root == "/") {
        ask_kernel(budget);
    } else if (online && !online->empty()) {
        budget.online = budget.allowed = online->size();
    }
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

std::optional<uint64_t> cgroup_memory_left(const Path& root) {
    return tightest<uint64_t>(root, "memory", memory_left_in);
}

}  // namespace linnet
