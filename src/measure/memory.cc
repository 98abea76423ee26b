#include "measure/memory.h"

#include <algorithm>

#include "base/cpus.h"
#include "base/text.h"

namespace linnet {
namespace {

// "MemTotal:  16303412 kB", in bytes.
uint64_t bytes_of(std::string_view meminfo, std::string_view name) {
    std::string_view value = field(meminfo, name).value_or("");
    if (!value.ends_with(" kB")) return 0;
    value.remove_suffix(3);
    uint64_t kilobytes = parse_integer<uint64_t>(value).value_or(0);
    return kilobytes < uint64_t{1} << 50 ? kilobytes * 1024 : 0;
}

uint64_t count_of(std::string_view meminfo, std::string_view name) {
    return parse_integer<uint64_t>(field(meminfo, name).value_or("")).value_or(0);
}

// "always [madvise] never": the one in brackets.
std::string chosen(std::string_view choices) {
    size_t open = choices.find('['), close = choices.find(']');
    if (open == choices.npos || close == choices.npos || close < open) return "";
    return printable(choices.substr(open + 1, close - open - 1), 20);
}

}  // namespace

Memory read_memory(const Tree& tree) {
    std::string meminfo = tree.text("proc/meminfo").value_or("");
    Memory out;
    out.total = bytes_of(meminfo, "MemTotal");
    out.available = std::min(bytes_of(meminfo, "MemAvailable"), out.total);
    out.swap_total = bytes_of(meminfo, "SwapTotal");
    out.swap_free = std::min(bytes_of(meminfo, "SwapFree"), out.swap_total);
    out.limit = cgroup_memory_limit(tree.root());
    out.left = cgroup_memory_left(tree.root());
    out.transparent_huge_pages =
        chosen(tree.text("sys/kernel/mm/transparent_hugepage/enabled").value_or(""));
    out.huge_page_bytes = bytes_of(meminfo, "Hugepagesize");
    out.huge_pages = count_of(meminfo, "HugePages_Total");
    out.huge_pages_free = count_of(meminfo, "HugePages_Free");
    return out;
}

uint64_t Memory::usable() const {
    return left ? std::min(available, *left) : available;
}

// "some avg10=1.53 avg60=0.87 avg300=0.73 total=64509", and the same for "full".
std::optional<Pressure> read_pressure(const Tree& tree, std::string_view what) {
    auto text = tree.text(cat("proc/pressure/", what));
    if (!text) return std::nullopt;
    Pressure out;
    bool found = false;
    for (std::string_view line : split(*text, '\n')) {
        bool some = line.starts_with("some ");
        if (!some && !line.starts_with("full ")) continue;
        for (std::string_view word : split(line, ' ')) {
            size_t equals = std::min(word.find('='), word.size());
            auto value = parse_number(word.substr(std::min(equals + 1, word.size())));
            std::string_view name = word.substr(0, equals);
            if (!value || *value < 0 || *value > 100) continue;
            if (name == "avg10") (some ? out.some_10s : out.full_10s) = *value;
            if (name == "avg60") (some ? out.some_60s : out.full_60s) = *value;
            found |= name == "avg10" || name == "avg60";
        }
    }
    return found ? std::optional(out) : std::nullopt;
}

}  // namespace linnet
