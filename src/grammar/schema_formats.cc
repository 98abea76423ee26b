// The strings of named formats, as patterns. Each is exact, or a part of what the format allows
// that every validator takes: docs/formats/json-schema.md says which.

#include <algorithm>

#include "grammar/schema.h"

namespace linnet {
namespace {

#define DATE                                                                                  \
    "(?:(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][48]|[2468]0|[13579][26])00)"    \
    "-02-29|(?:[1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(?:(?:0[13578]|1[02])-(?:0[1-9]" \
    "|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])))"
#define TIME \
    "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"
#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
#define HOST "(?:" LABEL "\\.){1,3}[A-Za-z]{2,12}"
#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"

struct Format {
    std::string_view name, pattern;
};
constexpr Format formats[] = {
    {"date", "^" DATE "$"},
    {"time", "^" TIME "$"},
    {"date-time", "^" DATE "T" TIME "$"},
    {"duration",
     "^P(?:\\d{1,4}W|\\d{1,4}Y(?:\\d{1,4}M(?:\\d{1,4}D)?)?|\\d{1,4}M(?:\\d{1,4}D)?|\\d{1,4}D"
     "|(?:\\d{1,4}D)?T(?:\\d{1,4}H(?:\\d{1,4}M(?:\\d{1,4}S)?)?|\\d{1,4}M(?:\\d{1,4}S)?"
     "|\\d{1,4}S))$"},
    {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
    {"email", "^[A-Za-z0-9_+-]{1,20}(?:\\.[A-Za-z0-9_+-]{1,20}){0,2}@" HOST "$"},
    {"hostname", "^" HOST "$"},
    {"ipv4", "^" OCTET "\\." OCTET "\\." OCTET "\\." OCTET "$"},
    {"ipv6", "^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}$"},
    {"uri", "^https?://" HOST "(?:/[A-Za-z0-9._~-]{1,30}){0,8}/?$"},
};

#undef DATE
#undef TIME
#undef LABEL
#undef HOST
#undef OCTET

}  // namespace

std::optional<std::string_view> format_pattern(std::string_view name) {
    auto row = std::ranges::find(formats, name, &Format::name);
    return row == std::end(formats) ? std::nullopt : std::optional(row->pattern);
}

}  // namespace linnet
