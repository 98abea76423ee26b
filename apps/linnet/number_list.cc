#include "linnet/number_list.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

Result<std::vector<uint32_t>> parse_number_list(std::string_view text, std::string_view flag) {
    constexpr uint32_t number_max = (1 << 16) - 1;
    std::vector<uint32_t> out;
    for (std::string_view piece : split(text, ',')) {
        const auto ends = split(trim(piece), '-');
        auto first = parse_integer<uint32_t>(ends.front()),
             last = parse_integer<uint32_t>(ends.back());
        if (ends.size() > 2 || !first || !last || *first > *last || *last > number_max)
            return Error{Code::Usage,
                         cat("'", printable(piece, 40), "' in ", flag, " is no number or range"),
                         "write a list such as 0-5,8"};
        for (uint32_t number = *first; number <= *last; number++) out.push_back(number);
        std::ranges::sort(out);
        auto [begin, end] = std::ranges::unique(out);
        out.erase(begin, end);
    }
    return out;
}

}  // namespace linnet
