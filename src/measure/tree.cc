#include "measure/tree.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

std::string_view access_name(Access access) {
    switch (access) {
        case Access::Readable:
            return "readable";
        case Access::Absent:
            return "absent";
        case Access::Denied:
            return "denied";
        default:
            return "broken";
    }
}

std::optional<std::string> Tree::text(std::string_view path) const {
    auto bytes = read_file(root_ / path, text_bytes_max);
    if (!bytes) return std::nullopt;
    // Device trees end their texts with a zero byte.
    std::string_view whole = *bytes;
    return std::string(trim(whole.substr(0, whole.find('\0'))));
}

std::optional<std::string> Tree::word(std::string_view path) const {
    auto whole = text(path);
    if (!whole || whole->empty()) return std::nullopt;
    return printable(split(*whole, '\n')[0], word_bytes_max);
}

std::optional<int64_t> Tree::number(std::string_view path) const {
    auto whole = text(path);
    return whole ? parse_integer<int64_t>(*whole) : std::nullopt;
}

std::optional<uint64_t> Tree::count(std::string_view path) const {
    auto whole = text(path);
    return whole ? parse_integer<uint64_t>(*whole) : std::nullopt;
}

bool Tree::exists(std::string_view path) const {
    std::error_code error;
    return std::filesystem::exists(root_ / path, error);
}

Access Tree::access(std::string_view path) const {
    auto bytes = read_file(root_ / path, word_bytes_max);
    if (bytes) return number(path) ? Access::Readable : Access::Broken;
    if (bytes.error().code == Code::NotFound) return Access::Absent;
    return bytes.error().code == Code::Policy ? Access::Denied : Access::Broken;
}

// "cpu10" after "cpu9": runs of digits compare as numbers.
static bool natural_less(std::string_view a, std::string_view b) {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    while (!a.empty() && !b.empty()) {
        if (digit(a[0]) && digit(b[0])) {
            auto run = [&](std::string_view text) {
                size_t length = 0;
                while (length < text.size() && digit(text[length])) length++;
                return length;
            };
            auto in_a = parse_integer<uint64_t>(a.substr(0, run(a)));
            auto in_b = parse_integer<uint64_t>(b.substr(0, run(b)));
            if (in_a != in_b) return in_a < in_b;
            a.remove_prefix(run(a));
            b.remove_prefix(run(b));
        } else {
            if (a[0] != b[0]) return a[0] < b[0];
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return a.size() < b.size();
}

std::vector<std::string> Tree::names(std::string_view folder) const {
    return names(folder, "");
}

std::vector<std::string> Tree::names(std::string_view folder, std::string_view prefix) const {
    std::vector<std::string> out;
    std::error_code error;
    std::filesystem::directory_iterator entries(root_ / folder, error), end;
    while (!error && entries != end && out.size() < names_max) {
        std::string name = entries->path().filename().string();
        if (name.starts_with(prefix)) out.push_back(std::move(name));
        entries.increment(error);
    }
    std::sort(out.begin(), out.end(), natural_less);
    return out;
}

std::optional<std::string_view> field(std::string_view text, std::string_view name) {
    for (std::string_view line : split(text, '\n')) {
        size_t colon = line.find(':');
        if (colon != line.npos && trim(line.substr(0, colon)) == name)
            return trim(line.substr(colon + 1));
    }
    return std::nullopt;
}

}  // namespace linnet
