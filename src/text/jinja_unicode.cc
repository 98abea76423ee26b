#include "text/jinja_unicode.h"

#include <string.h>  // memmem
#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace linnet::jinja {
namespace {

// Letters whose upper case is more than one letter (Unicode's SpecialCasing.txt, without locales).
struct LongUpper {
    char32_t point;
    const char32_t* upper;
};
// clang-format off
constexpr LongUpper long_uppers[] = {
    {0xDF, U"\x53\x53"}, {0x149, U"\x2BC\x4E"}, {0x1F0, U"\x4A\x30C"},
    {0x390, U"\x399\x308\x301"}, {0x3B0, U"\x3A5\x308\x301"}, {0x587, U"\x535\x552"},
    {0x1E96, U"\x48\x331"}, {0x1E97, U"\x54\x308"}, {0x1E98, U"\x57\x30A"},
    {0x1E99, U"\x59\x30A"}, {0x1E9A, U"\x41\x2BE"}, {0x1F50, U"\x3A5\x313"},
    {0x1F52, U"\x3A5\x313\x300"}, {0x1F54, U"\x3A5\x313\x301"}, {0x1F56, U"\x3A5\x313\x342"},
    {0x1F80, U"\x1F08\x399"}, {0x1F81, U"\x1F09\x399"}, {0x1F82, U"\x1F0A\x399"},
    {0x1F83, U"\x1F0B\x399"}, {0x1F84, U"\x1F0C\x399"}, {0x1F85, U"\x1F0D\x399"},
    {0x1F86, U"\x1F0E\x399"}, {0x1F87, U"\x1F0F\x399"}, {0x1F88, U"\x1F08\x399"},
    {0x1F89, U"\x1F09\x399"}, {0x1F8A, U"\x1F0A\x399"}, {0x1F8B, U"\x1F0B\x399"},
    {0x1F8C, U"\x1F0C\x399"}, {0x1F8D, U"\x1F0D\x399"}, {0x1F8E, U"\x1F0E\x399"},
    {0x1F8F, U"\x1F0F\x399"}, {0x1F90, U"\x1F28\x399"}, {0x1F91, U"\x1F29\x399"},
    {0x1F92, U"\x1F2A\x399"}, {0x1F93, U"\x1F2B\x399"}, {0x1F94, U"\x1F2C\x399"},
    {0x1F95, U"\x1F2D\x399"}, {0x1F96, U"\x1F2E\x399"}, {0x1F97, U"\x1F2F\x399"},
    {0x1F98, U"\x1F28\x399"}, {0x1F99, U"\x1F29\x399"}, {0x1F9A, U"\x1F2A\x399"},
    {0x1F9B, U"\x1F2B\x399"}, {0x1F9C, U"\x1F2C\x399"}, {0x1F9D, U"\x1F2D\x399"},
    {0x1F9E, U"\x1F2E\x399"}, {0x1F9F, U"\x1F2F\x399"}, {0x1FA0, U"\x1F68\x399"},
    {0x1FA1, U"\x1F69\x399"}, {0x1FA2, U"\x1F6A\x399"}, {0x1FA3, U"\x1F6B\x399"},
    {0x1FA4, U"\x1F6C\x399"}, {0x1FA5, U"\x1F6D\x399"}, {0x1FA6, U"\x1F6E\x399"},
    {0x1FA7, U"\x1F6F\x399"}, {0x1FA8, U"\x1F68\x399"}, {0x1FA9, U"\x1F69\x399"},
    {0x1FAA, U"\x1F6A\x399"}, {0x1FAB, U"\x1F6B\x399"}, {0x1FAC, U"\x1F6C\x399"},
    {0x1FAD, U"\x1F6D\x399"}, {0x1FAE, U"\x1F6E\x399"}, {0x1FAF, U"\x1F6F\x399"},
    {0x1FB2, U"\x1FBA\x399"}, {0x1FB3, U"\x391\x399"}, {0x1FB4, U"\x386\x399"},
    {0x1FB6, U"\x391\x342"}, {0x1FB7, U"\x391\x342\x399"}, {0x1FBC, U"\x391\x399"},
    {0x1FC2, U"\x1FCA\x399"}, {0x1FC3, U"\x397\x399"}, {0x1FC4, U"\x389\x399"},
    {0x1FC6, U"\x397\x342"}, {0x1FC7, U"\x397\x342\x399"}, {0x1FCC, U"\x397\x399"},
    {0x1FD2, U"\x399\x308\x300"}, {0x1FD3, U"\x399\x308\x301"}, {0x1FD6, U"\x399\x342"},
    {0x1FD7, U"\x399\x308\x342"}, {0x1FE2, U"\x3A5\x308\x300"}, {0x1FE3, U"\x3A5\x308\x301"},
    {0x1FE4, U"\x3A1\x313"}, {0x1FE6, U"\x3A5\x342"}, {0x1FE7, U"\x3A5\x308\x342"},
    {0x1FF2, U"\x1FFA\x399"}, {0x1FF3, U"\x3A9\x399"}, {0x1FF4, U"\x38F\x399"},
    {0x1FF6, U"\x3A9\x342"}, {0x1FF7, U"\x3A9\x342\x399"}, {0x1FFC, U"\x3A9\x399"},
    {0xFB00, U"\x46\x46"}, {0xFB01, U"\x46\x49"}, {0xFB02, U"\x46\x4C"},
    {0xFB03, U"\x46\x46\x49"}, {0xFB04, U"\x46\x46\x4C"}, {0xFB05, U"\x53\x54"},
    {0xFB06, U"\x53\x54"}, {0xFB13, U"\x544\x546"}, {0xFB14, U"\x544\x535"},
    {0xFB15, U"\x544\x53B"}, {0xFB16, U"\x54E\x546"}, {0xFB17, U"\x544\x53D"},
};
// clang-format on

const char32_t* long_upper(char32_t point) {
    if (point < 0xDF) return nullptr;
    auto at = std::lower_bound(std::begin(long_uppers), std::end(long_uppers), point,
                               [](const LongUpper& row, char32_t p) { return row.point < p; });
    return at != std::end(long_uppers) && at->point == point ? at->upper : nullptr;
}

utf8proc_int32_t signed_point(char32_t point) {
    return static_cast<utf8proc_int32_t>(point);
}

utf8proc_category_t category(char32_t point) {
    return utf8proc_category(signed_point(point));
}

char32_t upper_point(char32_t point) {
    return static_cast<char32_t>(utf8proc_toupper(signed_point(point)));
}

char32_t lower_point(char32_t point) {
    return static_cast<char32_t>(utf8proc_tolower(signed_point(point)));
}

constexpr char32_t capital_sigma = 0x3A3, final_sigma = 0x3C2, capital_i_dot = 0x130;

// Letters that stand between a sigma and the letter that decides its form, and do not decide it.
bool is_case_ignorable(char32_t point) {
    switch (category(point)) {
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_SK:
            return true;
        default:
            return point == '\'' || point == '.' || point == ':' || point == 0xB7 ||
                   point == 0x2018 || point == 0x2019 || point == 0x2024 || point == 0x2027;
    }
}

// A capital sigma that ends a word has a lower case of its own. `begin` to `end` are its bytes.
bool ends_word(std::string_view text, size_t begin, size_t end) {
    bool letter_before = false;
    for (size_t at = begin; at > 0;) {
        char32_t point = previous_point(text, at);
        if (is_case_ignorable(point)) continue;
        letter_before = is_cased(point);
        break;
    }
    if (!letter_before) return false;
    for (size_t at = end; at < text.size();) {
        char32_t point = next_point(text, at);
        if (!is_case_ignorable(point)) return !is_cased(point);
    }
    return true;
}

void append_upper(std::string& out, char32_t point) {
    if (const char32_t* longer = long_upper(point))
        for (; *longer; longer++) append_point(out, *longer);
    else
        append_point(out, upper_point(point));
}

// Lower case of the point that ends at `end`.
void append_lower(std::string& out, std::string_view text, char32_t point, size_t begin,
                  size_t end) {
    if (point == capital_sigma) {
        append_point(out, ends_word(text, begin, end) ? final_sigma : lower_point(point));
    } else if (point == capital_i_dot) {
        out += "i\xCC\x87";
    } else {
        append_point(out, lower_point(point));
    }
}

bool all_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char ascii_upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool contains_point(std::string_view points, char32_t wanted) {
    for (size_t at = 0; at < points.size();)
        if (next_point(points, at) == wanted) return true;
    return false;
}

}  // namespace

size_t count_points(std::string_view utf8) {
    return static_cast<size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

size_t offset_of_point(std::string_view utf8, size_t index) {
    size_t at = 0;
    for (; index > 0 && at < utf8.size(); index--) next_point(utf8, at);
    return at;
}

char32_t next_point(std::string_view utf8, size_t& at) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(utf8[at + i]); };
    unsigned char lead = byte(0);
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > utf8.size() - at) length = 1;  // cannot be in valid text
    static constexpr unsigned char lead_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
    char32_t point = lead & lead_bits[length - 1];
    for (size_t i = 1; i < length; i++) point = point << 6 | (byte(i) & 0x3F);
    at += length;
    return point;
}

char32_t previous_point(std::string_view utf8, size_t& at) {
    do at--;
    while (at > 0 && (utf8[at] & 0xC0) == 0x80);
    size_t begin = at;
    return next_point(utf8, begin);
}

void append_point(std::string& out, char32_t point) {
    auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F));
        put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    }
}

std::string repaired_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    auto* data = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
    for (size_t at = 0; at < bytes.size();) {
        utf8proc_int32_t point = 0;
        auto left = static_cast<utf8proc_ssize_t>(bytes.size() - at);
        utf8proc_ssize_t length = utf8proc_iterate(data + at, left, &point);
        if (length > 0)
            out += bytes.substr(at, static_cast<size_t>(length));
        else
            out += "\xEF\xBF\xBD";
        at += length > 0 ? static_cast<size_t>(length) : 1;
    }
    return out;
}

bool is_space(char32_t point) {
    if (point < 0x80)
        return point == ' ' || (point >= 9 && point <= 13) || (point >= 28 && point <= 31);
    return point == 0x85 || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

bool is_line_break(char32_t point) {
    return (point >= 10 && point <= 13) || (point >= 28 && point <= 30) || point == 0x85 ||
           point == 0x2028 || point == 0x2029;
}

bool is_alpha(char32_t point) {
    auto kind = category(point);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t point) {
    return category(point) == UTF8PROC_CATEGORY_ND;
}

bool is_digit(char32_t point) {
    // Superscripts, circled digits and the like count as digits, though int() does not read them.
    return is_decimal(point) || point == 0xB2 || point == 0xB3 || point == 0xB9 ||
           point == 0x2070 || (point >= 0x2074 && point <= 0x2079) ||
           (point >= 0x2080 && point <= 0x2089) || (point >= 0x2460 && point <= 0x2468);
}

bool is_numeric(char32_t point) {
    auto kind = category(point);
    return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL ||
           kind == UTF8PROC_CATEGORY_NO;
}

bool is_printable(char32_t point) {
    if (point < 0x7F) return point >= 0x20;
    switch (category(point)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_ZS:
            return false;
        default:
            return true;
    }
}

bool is_upper(char32_t point) {
    return utf8proc_isupper(signed_point(point)) != 0;
}

bool is_lower(char32_t point) {
    return utf8proc_islower(signed_point(point)) != 0;
}

bool is_title(char32_t point) {
    return category(point) == UTF8PROC_CATEGORY_LT;
}

bool is_cased(char32_t point) {
    return is_upper(point) || is_lower(point) || is_title(point);
}

bool is_all_case(std::string_view utf8, bool upper) {
    bool any = false;
    for (size_t at = 0; at < utf8.size();) {
        char32_t point = next_point(utf8, at);
        if (is_title(point) || (upper ? is_lower(point) : is_upper(point))) return false;
        any |= is_cased(point);
    }
    return any;
}

bool is_identifier_start(char32_t point) {
    if (point < 0x80)
        return point == '_' || (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
    return is_alpha(point) || category(point) == UTF8PROC_CATEGORY_NL;
}

bool is_identifier_part(char32_t point) {
    if (point >= '0' && point <= '9') return true;
    if (is_identifier_start(point)) return true;
    if (point < 0x80) return false;
    auto kind = category(point);
    return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
           kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_PC;
}

std::string to_upper(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    if (all_ascii(utf8)) {
        for (char c : utf8) out += ascii_upper(c);
        return out;
    }
    for (size_t at = 0; at < utf8.size();) append_upper(out, next_point(utf8, at));
    return out;
}

std::string to_lower(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    if (all_ascii(utf8)) {
        for (char c : utf8) out += ascii_lower(c);
        return out;
    }
    for (size_t at = 0; at < utf8.size();) {
        size_t begin = at;
        char32_t point = next_point(utf8, at);
        append_lower(out, utf8, point, begin, at);
    }
    return out;
}

std::string to_title_point(char32_t point) {
    std::string out;
    const char32_t* longer = long_upper(point);
    auto title = static_cast<char32_t>(utf8proc_totitle(signed_point(point)));
    constexpr char32_t sharp_s = 0xDF;  // has a capital letter, but no word begins with it
    if (!longer || (title != point && point != sharp_s)) {
        append_point(out, title);
        return out;
    }
    append_point(out, longer[0]);
    for (longer++; *longer; longer++) append_point(out, lower_point(*longer));
    return out;
}

std::string capitalized(std::string_view utf8) {
    if (utf8.empty()) return {};
    size_t at = 0;
    std::string out = to_title_point(next_point(utf8, at));
    while (at < utf8.size()) {
        size_t begin = at;
        char32_t point = next_point(utf8, at);
        append_lower(out, utf8, point, begin, at);
    }
    return out;
}

std::string titled(std::string_view utf8) {
    std::string out;
    bool inside = false;
    for (size_t at = 0; at < utf8.size();) {
        size_t begin = at;
        char32_t point = next_point(utf8, at);
        if (inside)
            append_lower(out, utf8, point, begin, at);
        else
            out += to_title_point(point);
        inside = is_cased(point);
    }
    return out;
}

std::string swapped_case(std::string_view utf8) {
    std::string out;
    for (size_t at = 0; at < utf8.size();) {
        size_t begin = at;
        char32_t point = next_point(utf8, at);
        if (is_upper(point))
            append_lower(out, utf8, point, begin, at);
        else if (is_lower(point))
            append_upper(out, point);
        else
            append_point(out, point);
    }
    return out;
}

std::string_view strip_left(std::string_view text) {
    size_t at = 0;
    for (size_t next = 0; next < text.size(); at = next)
        if (!is_space(next_point(text, next))) break;
    return text.substr(at);
}

std::string_view strip_right(std::string_view text) {
    size_t end = text.size();
    for (size_t at = end; at > 0; end = at)
        if (!is_space(previous_point(text, at))) break;
    return text.substr(0, end);
}

std::string_view strip(std::string_view text) {
    return strip_right(strip_left(text));
}

std::string_view strip_left(std::string_view text, std::string_view points) {
    size_t at = 0;
    for (size_t next = 0; next < text.size(); at = next)
        if (!contains_point(points, next_point(text, next))) break;
    return text.substr(at);
}

std::string_view strip_right(std::string_view text, std::string_view points) {
    size_t end = text.size();
    for (size_t at = end; at > 0; end = at)
        if (!contains_point(points, previous_point(text, at))) break;
    return text.substr(0, end);
}

size_t find_text(std::string_view text, std::string_view wanted, size_t from) {
    if (from > text.size()) return std::string_view::npos;
    if (wanted.empty()) return from;
    const void* at = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
    if (!at) return std::string_view::npos;
    return static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

size_t find_text_last(std::string_view text, std::string_view wanted) {
    std::string backwards(text.rbegin(), text.rend());
    std::string wanted_backwards(wanted.rbegin(), wanted.rend());
    size_t at = find_text(backwards, wanted_backwards);
    return at == std::string::npos ? at : text.size() - wanted.size() - at;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep) {
    std::vector<std::string_view> lines;
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        char32_t point = next_point(text, at);
        if (!is_line_break(point)) continue;
        if (point == '\r' && at < text.size() && text[at] == '\n') at++;
        lines.push_back(text.substr(begin, (keep ? at : end) - begin));
        begin = at;
    }
    if (begin < text.size()) lines.push_back(text.substr(begin));
    return lines;
}

}  // namespace linnet::jinja
