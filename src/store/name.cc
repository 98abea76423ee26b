#include "store/name.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr size_t file_bytes_max = 255;
constexpr size_t depth_max = 4;

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_name_char(char c) {
    return is_plain(c) || c == '.' || c == '_' || c == '-';
}
bool is_file_char(char c) {
    return is_name_char(c) || (c >= 'A' && c <= 'Z') || c == '+' || c == '=' || c == ',' ||
           c == '@' || c == ' ' || c == '(' || c == ')';
}

}  // namespace

bool is_model_name(std::string_view text) {
    return !text.empty() && text.size() <= model_name_bytes_max && is_plain(text.front()) &&
           text.back() != '.' && std::ranges::all_of(text, is_name_char);
}

Result<std::string> parse_model_name(std::string_view text) {
    std::string name = lower(text);
    if (is_model_name(name)) return name;
    return Error{Code::Usage, cat("'", printable(text, 200), "' cannot be the name of a model"),
                 cat("a name has letters, digits and . _ - inside, and at most ",
                     model_name_bytes_max, " of them")};
}

std::string make_model_name(std::string_view text) {
    std::string name;
    for (char c : lower(text)) {
        if (is_name_char(c) && (is_plain(c) || !name.empty()))
            name += c;
        else if (!name.empty() && name.back() != '-')
            name += '-';
    }
    if (name.size() > model_name_bytes_max) name.resize(model_name_bytes_max);
    while (!name.empty() && !is_plain(name.back())) name.pop_back();
    return name;
}

bool is_model_file(std::string_view path) {
    if (path.empty() || path.size() > file_bytes_max) return false;
    auto parts = split(path, '/');
    return parts.size() <= depth_max && std::ranges::all_of(parts, [](std::string_view part) {
               return !part.empty() && part.front() != '.' && part.front() != ' ' &&
                      part.back() != ' ' && std::ranges::all_of(part, is_file_char);
           });
}

}  // namespace linnet
