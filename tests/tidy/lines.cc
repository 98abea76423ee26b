#include <algorithm>
#include <regex>

#include "base/text.h"
#include "tidy.h"

namespace linnet::tidy {
namespace {

size_t columns_max(const File& file) {
    return file.ends(".py") ? 120 : 100;
}

size_t columns(std::string_view line) {
    size_t count = 0;
    for (char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

// Marks and words that must not stay. Each is written in two halves, so that this file passes.
// clang-format off
constexpr std::string_view banned[] = {
    "FIX" "ME", "HAC" "K:", "/wo" "rk/", "/ro" "ot/", "work" "place", "steering " "repo",
};
// clang-format on

// Hosts that only a configuration may name; the store alone knows pip's own default.
bool names_registry(std::string_view line) {
    static const std::regex host(
        "https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|registry|artifact|mirror|pkg\\.dev)"
        "[a-z0-9.-]*",
        std::regex::icase);
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(line.begin(), line.end(), match, host)) return false;
    std::string found = match.str();
    return !found.ends_with(".example") && !found.ends_with(".test") &&
           !found.ends_with(".invalid");
}

// Three X as a word of their own: not a name for mkstemp.
bool has_mark(std::string_view line) {
    static const std::regex mark(
        "(^|[^A-Za-z0-9])XX"
        "X([^A-Za-z0-9]|$)");
    return std::regex_search(line.begin(), line.end(), mark);
}

bool open_todo(std::string_view line) {
    size_t at = line.find(
        "TO"
        "DO");
    return at != std::string_view::npos && line.substr(at + 4, 1) != "(";
}

}  // namespace

bool File::is_code() const {
    if (is_cpp() || ends(".cmake") || ends("CMakeLists.txt") || ends(".sh") || ends(".py")) {
        return true;
    }
    return text.starts_with("#!");
}

bool File::is_test() const {
    return ends("_test.cc") || ends("_fuzz.cc") || ends("_bench.cc") || under("tests/") ||
           path.find("/testing/") != std::string::npos;
}

void check_lines(Tidy& tidy, const File& file) {
    bool table = false;  // between "clang-format off" and "on"
    for_each_line(file.text, [&](size_t number, std::string_view line) {
        if (line.find("clang-format o") != std::string_view::npos) {
            table = line.find("clang-format off") != std::string_view::npos;
        }
        if (file.is_code() && !table && columns(line) > columns_max(file) &&
            line.find("://") == line.npos && line.find("R\"") == line.npos) {
            tidy.found(file, number, cat("longer than ", columns_max(file), " columns"));
        }
        if (!line.empty() &&
            std::string_view(" \t\r").find(line.back()) != std::string_view::npos) {
            tidy.found(file, number, "white space at the end of the line");
        }
        if (file.is_cpp() && line.find('\t') != std::string_view::npos) {
            tidy.found(file, number, "a tab");
        }
        for (std::string_view word : banned) {
            if (line.find(word) != std::string_view::npos) {
                tidy.found(file, number, cat("'", word, "' does not belong into the tree"));
            }
        }
        if (has_mark(line)) tidy.found(file, number, "a mark that must not stay");
        if (file.is_code() && open_todo(line)) {
            tidy.found(file, number,
                       "say of which kind: TO"
                       "DO(speed):, TO"
                       "DO(format): ...");
        }
        if (!file.under("src/store/") && names_registry(line)) {
            tidy.found(file, number, "names a package registry's host; that is configuration");
        }
    });
    if (!file.text.empty() && !file.text.ends_with('\n')) {
        tidy.found(file, static_cast<size_t>(std::ranges::count(file.text, '\n')) + 1,
                   "no newline at the end of the file");
    }
}

}  // namespace linnet::tidy
