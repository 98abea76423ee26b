#include "measure/processor.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view cpus_folder = "sys/devices/system/cpu/";

struct ArmPart {
    unsigned implementer, part;
    std::string_view name;
};
// The numbers of MIDR_EL1, from Arm's technical reference manuals.
constexpr ArmPart arm_parts[] = {
    {0x41, 0xd03, "Cortex-A53"},  {0x41, 0xd04, "Cortex-A35"},  {0x41, 0xd05, "Cortex-A55"},
    {0x41, 0xd07, "Cortex-A57"},  {0x41, 0xd08, "Cortex-A72"},  {0x41, 0xd09, "Cortex-A73"},
    {0x41, 0xd0a, "Cortex-A75"},  {0x41, 0xd0b, "Cortex-A76"},  {0x41, 0xd0c, "Neoverse-N1"},
    {0x41, 0xd0d, "Cortex-A77"},  {0x41, 0xd40, "Neoverse-V1"}, {0x41, 0xd41, "Cortex-A78"},
    {0x41, 0xd44, "Cortex-X1"},   {0x41, 0xd46, "Cortex-A510"}, {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd48, "Cortex-X2"},   {0x41, 0xd49, "Neoverse-N2"}, {0x41, 0xd4d, "Cortex-A715"},
    {0x41, 0xd4e, "Cortex-X3"},   {0x41, 0xd4f, "Neoverse-V2"}, {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"}, {0x41, 0xd82, "Cortex-X4"},   {0x41, 0xd8e, "Neoverse-N3"},
    {0x51, 0x001, "Oryon"},       {0xc0, 0xac3, "Ampere-1"},
};

std::optional<unsigned> hexadecimal(std::string_view text) {
    if (!text.starts_with("0x")) return std::nullopt;
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// One processor as Linux counts them (a hardware thread).
struct Thread {
    size_t number;
    std::string kind;  // "performance", "efficiency", or the name of the part
    std::string core;  // the threads of one core share it
    std::optional<uint64_t> capacity, hz_max;
};

std::string file_of(size_t cpu, std::string_view name) {
    return cat(cpus_folder, "cpu", cpu, "/", name);
}

std::optional<uint64_t> hz(const Tree& tree, size_t cpu, std::string_view name) {
    auto khz = tree.count(file_of(cpu, cat("cpufreq/", name)));
    return khz && *khz > 0 && *khz < 100'000'000 ? std::optional(*khz * 1000) : std::nullopt;
}

std::vector<size_t> online(const Tree& tree) {
    auto numbers = parse_cpu_list(tree.text(cat(cpus_folder, "online")).value_or(""));
    if (!numbers) return {};
    numbers->resize(std::min<size_t>(numbers->size(), Tree::names_max));
    return *std::move(numbers);
}

// The parts by processor, of the paragraphs of an Arm /proc/cpuinfo.
std::map<size_t, std::string> arm_kinds(std::string_view cpuinfo) {
    std::map<size_t, std::string> kinds;
    std::optional<size_t> cpu;
    std::optional<unsigned> implementer;
    for (std::string_view line : split(cpuinfo, '\n')) {
        size_t colon = std::min(line.find(':'), line.size());
        std::string_view name = trim(line.substr(0, colon));
        std::string_view value = trim(line.substr(std::min(colon + 1, line.size())));
        if (name == "processor") cpu = parse_integer<size_t>(value);
        if (name == "CPU implementer") implementer = hexadecimal(value);
        auto part = name == "CPU part" ? hexadecimal(value) : std::nullopt;
        if (!cpu || !part) continue;
        for (const ArmPart& row : arm_parts)
            if (row.implementer == implementer && row.part == part) kinds[*cpu] = row.name;
    }
    return kinds;
}

std::vector<Thread> read_threads(const Tree& tree, std::string_view cpuinfo) {
    auto kinds = arm_kinds(cpuinfo);
    // Intel's hybrid processors list their two kinds as two event sources.
    for (auto [file, kind] : {std::pair("sys/devices/cpu_core/cpus", "performance"),
                              std::pair("sys/devices/cpu_atom/cpus", "efficiency")})
        if (auto numbers = parse_cpu_list(tree.text(file).value_or("")))
            for (size_t number : *numbers) kinds[number] = kind;
    std::vector<Thread> threads;
    for (size_t number : online(tree)) {
        auto siblings = tree.text(file_of(number, "topology/thread_siblings_list"));
        threads.push_back({number, kinds[number], siblings ? *siblings : cat(number),
                           tree.count(file_of(number, "cpu_capacity")),
                           hz(tree, number, "cpuinfo_max_freq")});
    }
    return threads;
}

// Cores of one make differ by a few percent in their best frequency; kinds differ by more.
bool alike(std::optional<uint64_t> a, std::optional<uint64_t> b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return std::min(*a, *b) >= std::max(*a, *b) / 100 * 85;
}

std::vector<CoreClass> classes_of(std::vector<Thread> threads) {
    std::sort(threads.begin(), threads.end(), [](const Thread& a, const Thread& b) {
        return std::tie(b.capacity, b.hz_max, a.number) < std::tie(a.capacity, a.hz_max, b.number);
    });
    std::vector<CoreClass> classes;
    std::vector<std::set<std::string>> cores;
    for (const Thread& thread : threads) {
        size_t at = 0;
        while (at < classes.size() &&
               !(classes[at].name == thread.kind && alike(classes[at].capacity, thread.capacity) &&
                 alike(classes[at].hz_max, thread.hz_max)))
            at++;
        if (at == classes.size()) {
            classes.push_back({thread.kind, 0, 0, thread.hz_max, thread.capacity});
            cores.emplace_back();
        }
        classes[at].threads++;
        cores[at].insert(thread.core);
        classes[at].cores = cores[at].size();
    }
    for (size_t i = 0; classes.size() > 1 && i < classes.size(); i++)
        if (classes[i].name.empty())
            classes[i].name = i == 0 ? "big" : i + 1 == classes.size() ? "little" : "middle";
    return classes;
}

std::vector<Cache> read_caches(const Tree& tree) {
    using Key = std::tuple<unsigned, std::string, uint64_t>;
    std::map<Key, std::set<std::string>> found;
    for (size_t cpu : online(tree)) {
        std::string folder = file_of(cpu, "cache");
        for (const std::string& index : tree.names(folder, "index")) {
            std::string base = cat(folder, "/", index, "/");
            auto level = tree.count(base + "level");
            auto type = tree.word(base + "type");
            // "32K" is of 1024 bytes each.
            auto bytes = parse_bytes(tree.text(base + "size").value_or("") + "i");
            if (!level || *level == 0 || *level > 9 || !type || !bytes || *bytes == 0) continue;
            auto shared = tree.text(base + "shared_cpu_list").value_or(cat(cpu));
            found[{static_cast<unsigned>(*level), *type, *bytes}].insert(shared);
        }
    }
    std::vector<Cache> caches;
    for (const auto& [key, places] : found)
        caches.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), places.size()});
    return caches;
}

Frequency read_frequency(const Tree& tree) {
    Frequency out;
    auto raise = [](std::optional<uint64_t>& to, std::optional<uint64_t> value) {
        if (value && (!to || *value > *to)) to = value;
    };
    for (size_t cpu : online(tree)) {
        raise(out.hz_now, hz(tree, cpu, "scaling_cur_freq"));
        raise(out.hz_max, hz(tree, cpu, "cpuinfo_max_freq"));
        raise(out.hz_limit, hz(tree, cpu, "scaling_max_freq"));
        if (!out.governor.empty()) continue;
        out.governor = tree.word(file_of(cpu, "cpufreq/scaling_governor")).value_or("");
        out.driver = tree.word(file_of(cpu, "cpufreq/scaling_driver")).value_or("");
    }
    out.boost_off = tree.number(cat(cpus_folder, "intel_pstate/no_turbo")) == 1 ||
                    tree.number(cat(cpus_folder, "cpufreq/boost")) == 0;
    return out;
}

// "cpu  user nice system idle iowait irq softirq steal …", in ticks since boot.
std::optional<double> read_stolen(const Tree& tree) {
    auto text = tree.text("proc/stat");
    if (!text || !text->starts_with("cpu ")) return std::nullopt;
    double total = 0, stolen = 0;
    int column = 0;
    for (std::string_view word : split(split(*text, '\n')[0].substr(4), ' ')) {
        auto ticks = parse_integer<uint64_t>(word);
        if (!ticks) continue;
        if (column == 7) stolen = static_cast<double>(*ticks);
        if (column++ < 8) total += static_cast<double>(*ticks);
    }
    if (column < 8 || total <= 0) return std::nullopt;
    return stolen / total;
}

std::string read_name(std::string_view cpuinfo, const std::vector<CoreClass>& classes) {
    for (std::string_view name : {"model name", "uarch", "cpu model", "Processor"})
        if (auto value = field(cpuinfo, name); value && !value->empty())
            return printable(*value, Tree::word_bytes_max);
    std::vector<std::string> names;
    for (const CoreClass& each : classes)
        if (!each.name.empty()) names.push_back(cat(each.cores, " x ", each.name));
    return join(names, " + ");
}

std::string read_machine_name(const Tree& tree, std::string_view cpuinfo) {
    if (auto model = tree.word("proc/device-tree/model")) return *model;
    if (auto model = field(cpuinfo, "Model")) return printable(*model, Tree::word_bytes_max);
    std::string vendor = tree.word("sys/class/dmi/id/sys_vendor").value_or("");
    std::string product = tree.word("sys/class/dmi/id/product_name").value_or("");
    return std::string(trim(cat(vendor, " ", product)));
}

}  // namespace

Processor read_processor(const Tree& tree) {
    std::string cpuinfo = tree.text("proc/cpuinfo").value_or("");
    Processor out;
    out.machine = read_machine_name(tree, cpuinfo);
    out.classes = classes_of(read_threads(tree, cpuinfo));
    out.name = read_name(cpuinfo, out.classes);
    std::string flags = cat(" ", field(cpuinfo, "flags").value_or(""), " ");
    out.is_virtual = flags.find(" hypervisor ") != flags.npos || tree.exists("sys/hypervisor/type");
    out.caches = read_caches(tree);
    out.frequency = read_frequency(tree);
    out.stolen = read_stolen(tree);
    return out;
}

size_t Processor::cores() const {
    size_t total = 0;
    for (const CoreClass& each : classes) total += each.cores;
    return total;
}

uint64_t Processor::cache_bytes() const {
    uint64_t total = 0;
    for (const Cache& cache : caches)
        if (cache.level >= 2) total += cache.bytes * cache.count;
    return total;
}

}  // namespace linnet
