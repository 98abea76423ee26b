#include "base/memory.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/cpus.h"
#include "base/text.h"

namespace linnet {

// "MemAvailable:   12345 kB"
static std::optional<uint64_t> meminfo(const Path& root, std::string_view name) {
    std::string text = read_file(root / "proc/meminfo", 1 << 16).value_or("");
    for (std::string_view line : split(text, '\n')) {
        if (!line.starts_with(name)) continue;
        line.remove_prefix(name.size());
        if (!line.starts_with(':') || !line.ends_with(" kB")) continue;
        line = trim(line.substr(1, line.size() - 4));
        auto kilobytes = parse_integer<uint64_t>(line);
        return kilobytes ? checked_mul(*kilobytes, 1024) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<uint64_t> available_memory(const Path& root) {
    auto available = meminfo(root, "MemAvailable");
    auto limit = cgroup_memory_limit(root);
    if (!available || !limit) return available ? available : limit;
    return std::min(*available, *limit);
}

uint64_t peak_memory() {
    struct rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts kilobytes
}

}  // namespace linnet
