#include "base/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace linnet {

std::string fixed(double value, int decimals) {
    char text[400];  // the largest double has 309 digits before the point
    int length = std::snprintf(text, sizeof text, "%.*f", std::clamp(decimals, 0, 60), value);
    return std::string(text, static_cast<size_t>(std::max(length, 0)));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string out;
    for (size_t i = 0; i < parts.size(); i++) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    check(!from.empty(), "replace_all needs something to replace");
    size_t at = text.find(from);
    if (at == std::string::npos) return text;
    std::string out;
    size_t done = 0;
    for (; at != std::string::npos; at = text.find(from, done)) {
        out.append(text, done, at - done);
        out += to;
        done = at + from.size();
    }
    return out.append(text, done);
}

std::string bytes_text(uint64_t bytes) {
    if (bytes < 1000) return cat(bytes, " B");
    static constexpr const char* units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes) / 1000;
    size_t unit = 0;
    // 999.95 would print as "1000.0".
    for (; value >= 999.95 && unit + 1 < std::size(units); unit++) value /= 1000;
    return cat(fixed(value, 1), ' ', units[unit]);
}

std::string duration_text(double seconds) {
    if (!(seconds >= 0)) return "?";
    if (seconds < 9.95) return cat(fixed(seconds, 1), " s");
    if (seconds < 59.5) return cat(fixed(seconds, 0), " s");
    if (seconds > 359999) return ">99h";
    auto whole = static_cast<unsigned>(std::lround(seconds));
    char text[32];
    if (whole < 3600)
        std::snprintf(text, sizeof text, "%um %02us", whole / 60, whole % 60);
    else
        std::snprintf(text, sizeof text, "%uh %02um", whole / 3600, whole % 3600 / 60);
    return text;
}

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

Result<uint64_t> parse_bytes(std::string_view text) {
    Error error{Code::Usage, cat("'", printable(text), "' is not a size"),
                "write for example 500k, 10MB or 1.5GiB"};
    std::string_view rest = trim(text);
    if (rest.ends_with("/s")) rest.remove_suffix(2);
    double value = 0;
    auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (failed != std::errc{} || !(value >= 0)) return error;
    std::string unit = lower(trim(rest.substr(static_cast<size_t>(end - rest.data()))));
    if (unit.ends_with('b')) unit.pop_back();
    double base = 1000;
    if (unit.ends_with('i')) {
        base = 1024;
        unit.pop_back();
        if (unit.empty()) return error;
    }
    size_t power = unit.empty() ? 0 : std::string_view("kmgtp").find(unit[0]) + 1;
    if (unit.size() > 1 || (!unit.empty() && power == 0)) return error;
    value *= std::pow(base, static_cast<double>(power));
    if (!(value < 9e18)) return error;
    return static_cast<uint64_t>(value);
}

Result<double> parse_duration(std::string_view text) {
    Error error{Code::Usage, cat("'", printable(text), "' is not a duration"),
                "write for example 500ms, 30s, 5m or 2h"};
    std::string_view rest = trim(text);
    double value = 0;
    auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (failed != std::errc{} || !(value >= 0) || !std::isfinite(value)) return error;
    std::string_view unit = trim(rest.substr(static_cast<size_t>(end - rest.data())));
    if (unit == "ms") return value / 1000;
    if (unit.empty() || unit == "s") return value;
    if (unit == "m" || unit == "min") return value * 60;
    if (unit == "h") return value * 3600;
    return error;
}

static size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
    constexpr size_t word_max = 100;  // the distance is quadratic, and words come from anywhere
    if (word.size() > word_max) return std::nullopt;
    size_t fewest = word.size() / 3 + 2;
    std::optional<std::string> best;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > word_max) continue;
        bool completes = word.size() >= 2 && candidate.starts_with(word);
        size_t edits = completes ? 1 : edit_distance(lower(word), lower(candidate));
        if (edits < fewest && edits < candidate.size()) {
            fewest = edits;
            best = candidate;
        }
    }
    return best;
}

// The length of the UTF-8 sequence that starts here, or 0 where none does (overlong, surrogate,
// cut).
static size_t sequence_length(std::string_view text) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (size_t i = 1; i < length; i++)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return length;
}

// What steers a terminal rather than shows on it: C0 and C1 controls, line separators, and the
// marks that reverse the direction of text and so can make a name read as another.
static bool steers(std::string_view sequence) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(sequence[i]); };
    if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
    if (sequence.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;  // U+0080 to U+009F
    if (sequence.size() != 3 || byte(0) != 0xE2) return false;
    unsigned char last = byte(2);
    if (byte(1) == 0x80)  // U+200E, U+200F, U+2028 to U+202E
        return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
    return byte(1) == 0x81 && last >= 0xA6 && last <= 0xA9;  // U+2066 to U+2069
}

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text, size_t bytes_max) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= bytes_max) return out + "…";
        size_t length = sequence_length(text);
        if (length > 0 && !steers(text.substr(0, length))) {
            out += text.substr(0, length);
            text.remove_prefix(length);
            continue;
        }
        for (size_t i = 0; i < std::max<size_t>(length, 1); i++) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned char>(text[i]));
            out += escaped;
        }
        text.remove_prefix(std::max<size_t>(length, 1));
    }
    return out;
}

}  // namespace linnet
