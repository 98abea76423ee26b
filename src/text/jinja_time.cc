#include "text/jinja_time.h"

#include <cstdio>

namespace linnet::jinja {
namespace {

struct Moment {
    int64_t year;
    int month, day;  // from 1
    int hour, minute, second;
    int weekday;   // 0 is Sunday
    int year_day;  // from 0
};

int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

// Days since 1970 to a date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
Moment moment_of(int64_t seconds) {
    int64_t days = floor_divide(seconds, 86400);
    auto of_day = static_cast<int>(seconds - days * 86400);
    int64_t shifted = days + 719468;  // since 0000-03-01
    int64_t era = floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    Moment out{};
    out.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    out.month =
        static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    out.year = year_of_era + era * 400 + (out.month <= 2 ? 1 : 0);
    out.hour = of_day / 3600;
    out.minute = of_day / 60 % 60;
    out.second = of_day % 60;
    out.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
    static constexpr int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = (out.year % 4 == 0 && out.year % 100 != 0) || out.year % 400 == 0;
    out.year_day = before[out.month - 1] + out.day - 1 + (leap && out.month > 2 ? 1 : 0);
    return out;
}

constexpr std::string_view day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

// ISO 8601: weeks begin on Monday, and the first has the year's first Thursday.
struct IsoWeek {
    int64_t year;
    int week;
};
IsoWeek iso_week(const Moment& at) {
    int monday_based = (at.weekday + 6) % 7;
    int week = (at.year_day - monday_based + 10) / 7;
    auto weeks_of = [](int64_t year) {
        auto dec31 = [](int64_t y) {
            return ((y + floor_divide(y, 4) - floor_divide(y, 100) + floor_divide(y, 400)) % 7 +
                    7) %
                   7;
        };
        return dec31(year) == 4 || dec31(year - 1) == 3 ? 53 : 52;
    };
    if (week < 1) return {at.year - 1, weeks_of(at.year - 1)};
    if (week > weeks_of(at.year)) return {at.year + 1, 1};
    return {at.year, week};
}

// A number padded to a width, as the flag of the directive changes it: "-" not at all, "_" with
// spaces, "0" with zeros.
std::string number(int64_t value, int width, char flag, char fill = '0') {
    if (flag == '_') fill = ' ';
    if (flag == '0') fill = '0';
    std::string digits = cat(value < 0 ? -value : value);
    if (flag != '-' && digits.size() < static_cast<size_t>(width))
        digits.insert(0, static_cast<size_t>(width) - digits.size(), fill);
    return value < 0 ? "-" + digits : digits;
}

// What a directive stands for in others, or nothing.
std::string_view expansion(char directive) {
    switch (directive) {
        case 'c':
            return "%a %b %e %H:%M:%S %Y";
        case 'D':
        case 'x':
            return "%m/%d/%y";
        case 'F':
            return "%Y-%m-%d";
        case 'R':
            return "%H:%M";
        case 'r':
            return "%I:%M:%S %p";
        case 'T':
        case 'X':
            return "%H:%M:%S";
        default:
            return {};
    }
}

std::optional<std::string> date_part(char directive, char flag, const Moment& at) {
    switch (directive) {
        case 'a':
            return std::string(day_names[at.weekday].substr(0, 3));
        case 'A':
            return std::string(day_names[at.weekday]);
        case 'b':
        case 'h':
            return std::string(month_names[at.month - 1].substr(0, 3));
        case 'B':
            return std::string(month_names[at.month - 1]);
        case 'C':
            return number(floor_divide(at.year, 100), 2, flag);
        case 'd':
            return number(at.day, 2, flag);
        case 'e':
            return number(at.day, 2, flag, ' ');
        case 'G':
            return number(iso_week(at).year, 4, flag);
        case 'g':
            return number(((iso_week(at).year % 100) + 100) % 100, 2, flag);
        case 'j':
            return number(at.year_day + 1, 3, flag);
        case 'm':
            return number(at.month, 2, flag);
        case 'u':
            return number(at.weekday == 0 ? 7 : at.weekday, 1, flag);
        case 'U':
            return number((at.year_day + 7 - at.weekday) / 7, 2, flag);
        case 'V':
            return number(iso_week(at).week, 2, flag);
        case 'w':
            return number(at.weekday, 1, flag);
        case 'W':
            return number((at.year_day + 7 - (at.weekday + 6) % 7) / 7, 2, flag);
        case 'y':
            return number(((at.year % 100) + 100) % 100, 2, flag);
        case 'Y':
            return number(at.year, 1, flag);
        default:
            return std::nullopt;
    }
}

std::optional<std::string> time_part(char directive, char flag, const Moment& at, Now now) {
    int hour = (at.hour + 11) % 12 + 1;
    switch (directive) {
        case 'f':
            return "000000";
        case 'H':
            return number(at.hour, 2, flag);
        case 'I':
            return number(hour, 2, flag);
        case 'k':
            return number(at.hour, 2, flag, ' ');
        case 'l':
            return number(hour, 2, flag, ' ');
        case 'M':
            return number(at.minute, 2, flag);
        case 'p':
            return at.hour < 12 ? "AM" : "PM";
        case 'P':
            return at.hour < 12 ? "am" : "pm";
        case 's':
            return cat(now.unix_s);
        case 'S':
            return number(at.second, 2, flag);
        case 'z':
        case 'Z':
            return "";  // as Python for a time that knows no zone
        case 'n':
            return "\n";
        case 't':
            return "\t";
        case '%':
            return "%";
        default:
            return std::nullopt;
    }
}

}  // namespace

Result<std::string> format_time(std::string_view format, Now now) {
    constexpr size_t format_max = 4096;
    if (format.size() > format_max)
        return type_error(cat("a time format has at most ", format_max, " bytes"));
    constexpr int64_t unix_max = 253402300799;  // the end of the year 9999
    int64_t seconds = std::clamp<int64_t>(now.unix_s, -unix_max / 8, unix_max - 86400);
    Moment at = moment_of(seconds + std::clamp(now.utc_offset_s, -86400, 86400));
    std::string out;
    for (size_t i = 0; i < format.size(); i++) {
        if (format[i] != '%' || i + 1 == format.size()) {
            out += format[i];
            continue;
        }
        size_t begin = i++;
        char flag = 0;
        if (i + 1 < format.size() &&
            std::string_view("-_0^#").find(format[i]) != std::string_view::npos)
            flag = format[i++];
        char directive = format[i];
        if (std::string_view longer = expansion(directive); !longer.empty()) {
            out += TRY(format_time(longer, now));
            continue;
        }
        auto part = date_part(directive, flag, at);
        if (!part) part = time_part(directive, flag, at, now);
        if (!part) part = std::string(format.substr(begin, i + 1 - begin));
        out += flag == '^' ? to_upper(*part) : *part;
    }
    return out;
}

}  // namespace linnet::jinja
