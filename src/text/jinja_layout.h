// One value laid out in a field of some width: what "%5d" and "{:>5}" have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/jinja_runtime.h"

namespace linnet::jinja {

inline constexpr int64_t width_max = 1'000'000;
inline constexpr int64_t precision_max = 400;  // digits of a double never need more

// How one value is to be laid out; the two syntaxes fill the same form.
struct Layout {
    std::string fill = " ";
    char align = 0;  // '<' '>' '^' '=', or as the type has it
    char sign = '-';
    bool alternate = false;
    bool grouped = false;
    int64_t width = 0;
    int64_t precision = -1;
    char type = 0;
};

Result<Done> lay_out_text(TextBuilder& out, std::string_view text, const Layout& layout);
Result<Done> lay_out_integer(TextBuilder& out, int64_t value, const Layout& layout);
Result<Done> lay_out_float(TextBuilder& out, double value, const Layout& layout);

bool is_float_type(char type);  // one of eEfFgG%
// Reads decimal digits, at most `most`.
Result<int64_t> read_count(std::string_view text, size_t& at, int64_t most);

}  // namespace linnet::jinja
