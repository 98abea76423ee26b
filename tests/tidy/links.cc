#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "tidy.h"

namespace linnet::tidy {
namespace {

// The name that a heading gets in links: lower case, words joined by '-', punctuation dropped.
std::string anchor_of(std::string_view heading) {
    std::string anchor;
    for (char c : lower(trim(heading))) {
        if (c == ' ') {
            anchor += '-';
        } else if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                   static_cast<unsigned char>(c) >= 0x80) {
            anchor += c;
        }
    }
    return anchor;
}

bool has_anchor(const File& document, std::string_view anchor) {
    bool found = false;
    for_each_line(document.text, [&](size_t, std::string_view line) {
        if (!line.starts_with('#')) return;
        found = found || anchor_of(line.substr(line.find_first_not_of('#'))) == anchor;
    });
    return found;
}

void check_link(Tidy& tidy, const File& file, size_t line, std::string_view target) {
    if (target.find("://") != target.npos || target.starts_with("mailto:")) return;
    size_t hash = target.find('#');
    std::string_view anchor = hash == target.npos ? "" : target.substr(hash + 1);
    std::filesystem::path path(file.path);
    if (hash != 0) path = (path.parent_path() / target.substr(0, hash)).lexically_normal();
    std::string name = path.generic_string();
    while (name.ends_with('/')) name.pop_back();

    auto document = std::ranges::find(tidy.files, name, &File::path);
    if (document == tidy.files.end()) {
        if (!tidy.folders.contains(name)) tidy.found(file, line, cat("no such file: ", target));
    } else if (!anchor.empty() && !has_anchor(*document, anchor)) {
        tidy.found(file, line, cat("no such heading: ", target));
    }
}

}  // namespace

void check_links(Tidy& tidy, const File& file) {
    if (!file.ends(".md")) return;
    bool fenced = false;
    for_each_line(file.text, [&](size_t number, std::string_view line) {
        if (trim(line).starts_with("```")) fenced = !fenced;
        if (fenced) return;
        bool quoted = false;  // inside `code`
        for (size_t i = 0; i < line.size(); i++) {
            quoted ^= line[i] == '`';
            if (quoted || !line.substr(i).starts_with("](")) continue;
            size_t end = line.find_first_of(") ", i + 2);
            if (end == line.npos) continue;
            check_link(tidy, file, number, line.substr(i + 2, end - i - 2));
        }
    });
}

}  // namespace linnet::tidy
