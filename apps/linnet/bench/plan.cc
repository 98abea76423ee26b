#include "linnet/bench/plan.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr uint32_t threads_max = 1024, requests_max = 256, tokens_max = 1 << 20;

}  // namespace

Result<std::vector<uint32_t>> parse_list(std::string_view option, std::string_view text,
                                         uint32_t least, uint32_t most) {
    Error bad{Code::Usage,
              cat(option, " '", printable(text, 80), "' is no list of numbers from ", least, " to ",
                  most),
              cat("write them with commas between, as in ", option, " 1,2 or 1-4")};
    std::vector<uint32_t> out;
    for (std::string_view part : split(text, ',')) {
        part = trim(part);
        size_t dash = part.find('-');
        auto first = parse_integer<uint32_t>(part.substr(0, dash));
        auto last = dash == part.npos ? first : parse_integer<uint32_t>(part.substr(dash + 1));
        if (!first || !last || *first < least || *last > most || *first > *last) return bad;
        if (*last - *first >= bench_list_max - out.size())
            return Error{Code::Usage, cat(option, " has more than ", bench_list_max, " numbers")};
        for (uint32_t number = *first; number <= *last; number++)
            if (std::ranges::find(out, number) == out.end()) out.push_back(number);
    }
    return out;
}

Result<std::vector<BenchConfig>> plan_bench(const BenchLists& lists, size_t threads) {
    auto threads_list =
        TRY(parse_list("-t", lists.threads.empty() ? cat(threads) : lists.threads, 1, threads_max));
    auto concurrencies = TRY(parse_list("-c", lists.concurrencies, 1, requests_max));
    auto depths = TRY(parse_list("-d", lists.depths, 0, tokens_max));
    auto prompts = TRY(parse_list("-p", lists.prompts, 0, tokens_max));
    auto generates = TRY(parse_list("-n", lists.generates, 0, tokens_max));
    size_t count = threads_list.size() * concurrencies.size() * depths.size() * prompts.size() *
                   generates.size();
    if (count > bench_configs_max)
        return Error{Code::Usage,
                     cat("these lists make ", count, " combinations, and at most ",
                         bench_configs_max, " are measured"),
                     "shorten them, or measure in several runs"};
    std::vector<BenchConfig> out;
    for (uint32_t t : threads_list)
        for (uint32_t concurrency : concurrencies)
            for (uint32_t depth : depths)
                for (uint32_t prompt : prompts)
                    for (uint32_t generate : generates)
                        if (prompt + generate > 0)
                            out.push_back({t, concurrency, depth, prompt, generate});
    if (out.empty())
        return Error{Code::Usage, "no tokens to measure: -p and -n are both 0",
                     "give at least one of them"};
    return out;
}

}  // namespace linnet
