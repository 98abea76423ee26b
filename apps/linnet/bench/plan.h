// What `linnet bench` measures: every combination of the lists that it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet {

struct BenchConfig {
    size_t threads = 1;
    size_t concurrency = 1;   // requests at the same time
    uint32_t depth = 0;       // tokens that each request finds computed already
    uint32_t prompt = 512;    // tokens that it brings
    uint32_t generate = 128;  // tokens that it writes behind its first

    // Positions that one request takes: a prompt of none is one of a single token.
    uint32_t tokens() const { return depth + (prompt > 0 ? prompt : 1) + generate + 1; }
};

struct BenchLists {
    std::string threads, concurrencies = "1", depths = "0", prompts = "512", generates = "128";
};

// Numbers between commas: "1,2,4"; "1-4" counts. Usage where the text is something else, where a
// number is out of range, or where there are more than bench_list_max.
Result<std::vector<uint32_t>> parse_list(std::string_view option, std::string_view text,
                                         uint32_t least, uint32_t most);
inline constexpr size_t bench_list_max = 64;

// In the order in which rows are shown: by threads, concurrency, depth, prompt, generate. Empty
// threads mean `threads`.
Result<std::vector<BenchConfig>> plan_bench(const BenchLists& lists, size_t threads);
inline constexpr size_t bench_configs_max = 256;

}  // namespace linnet
