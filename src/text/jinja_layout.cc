#include "text/jinja_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace linnet::jinja {
namespace {

std::string grouped_by_thousand(std::string digits) {
    size_t end = digits.find_first_not_of("0123456789");
    if (end == std::string::npos) end = digits.size();
    for (size_t at = end; at > 3;) digits.insert(at -= 3, ",");
    return digits;
}

// Pads to the width, counted in code points. `sign_length` bytes stay in front of '=' padding.
Result<Done> pad(TextBuilder& out, std::string_view text, const Layout& layout, char align,
                 size_t sign_length = 0) {
    auto length = static_cast<int64_t>(count_points(text));
    auto space = static_cast<size_t>(std::max<int64_t>(layout.width - length, 0));
    size_t before = align == '>' || align == '=' ? space : align == '^' ? space / 2 : 0;
    if (align == '=') TRY(out.add(text.substr(0, sign_length)));
    TRY(out.add(layout.fill, before));
    TRY(out.add(align == '=' ? text.substr(sign_length) : text));
    return out.add(layout.fill, space - before);
}

std::string in_base(uint64_t magnitude, unsigned base, bool upper) {
    std::string digits;
    do
        digits.insert(digits.begin(),
                      (upper ? "0123456789ABCDEF" : "0123456789abcdef")[magnitude % base]);
    while (magnitude /= base);
    return digits;
}

std::string sign_of(bool negative, char wanted) {
    return negative ? "-" : wanted == '-' ? "" : std::string(1, wanted);
}

std::string float_digits(double magnitude, const Layout& layout) {
    if (std::isnan(magnitude)) return "nan";
    if (std::isinf(magnitude)) return "inf";
    if (layout.type == 0 && layout.precision < 0) return print_float(magnitude);
    char type = layout.type == 0 || layout.type == 'n' ? 'g'
                : layout.type == '%'                   ? 'f'
                                                       : layout.type;
    auto precision = static_cast<int>(layout.precision < 0 ? 6 : layout.precision);
    std::string format = cat("%", layout.alternate ? "#" : "", ".*", type);
    if (layout.type == '%') magnitude *= 100;
    char text[1024];  // 309 digits before the point, precision_max behind
    std::snprintf(text, sizeof text, format.c_str(), precision, magnitude);
    std::string out = text;
    if (layout.type == 0 && out.find_first_of(".e") == out.npos) out += ".0";
    if (layout.type == '%') out += '%';
    return out;
}

}  // namespace

Result<Done> lay_out_text(TextBuilder& out, std::string_view text, const Layout& layout) {
    if (layout.precision >= 0)
        text = text.substr(0, offset_of_point(text, static_cast<size_t>(layout.precision)));
    return pad(out, text, layout, layout.align ? layout.align : '<');
}

Result<Done> lay_out_integer(TextBuilder& out, int64_t value, const Layout& layout) {
    uint64_t magnitude =
        value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    std::string prefix = sign_of(value < 0, layout.sign), digits;
    switch (layout.type) {
        case 'x':
        case 'X':
            digits = in_base(magnitude, 16, layout.type == 'X');
            if (layout.alternate) prefix += layout.type == 'X' ? "0X" : "0x";
            break;
        case 'o':
            digits = in_base(magnitude, 8, false);
            if (layout.alternate) prefix += "0o";
            break;
        case 'b':
            digits = in_base(magnitude, 2, false);
            if (layout.alternate) prefix += "0b";
            break;
        default:
            digits = cat(magnitude);
    }
    if (layout.precision > static_cast<int64_t>(digits.size()))
        digits.insert(0, static_cast<size_t>(layout.precision) - digits.size(), '0');
    if (layout.grouped) digits = grouped_by_thousand(digits);
    return pad(out, prefix + digits, layout, layout.align ? layout.align : '>', prefix.size());
}

Result<Done> lay_out_float(TextBuilder& out, double value, const Layout& layout) {
    std::string prefix = sign_of(std::signbit(value) && !std::isnan(value), layout.sign);
    std::string digits = float_digits(std::fabs(value), layout);
    if (layout.type >= 'A' && layout.type <= 'Z') digits = to_upper(digits);
    if (layout.grouped) digits = grouped_by_thousand(digits);
    return pad(out, prefix + digits, layout, layout.align ? layout.align : '>', prefix.size());
}

bool is_float_type(char type) {
    return type != 0 && std::string_view("eEfFgG%").find(type) != std::string_view::npos;
}

Result<int64_t> read_count(std::string_view text, size_t& at, int64_t most) {
    int64_t value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++) {
        value = value * 10 + (text[at] - '0');
        if (value > most) return type_error(cat("a format asks for more than ", most, " places"));
    }
    return value;
}

}  // namespace linnet::jinja
