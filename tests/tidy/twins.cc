#include <algorithm>
#include <regex>

#include "base/text.h"
#include "tidy.h"

namespace linnet::tidy {
namespace {

// A type that begins at the margin, as clang-format leaves those of a namespace.
const std::regex& type_pattern() {
    static const std::regex pattern(
        R"(^(?:struct|class|union|enum(?: class)?) (\w+)(?: final)?(?: :[^:].*| \{.*)?$)");
    return pattern;
}

// "linnet::Name" of each type that others could name, with its line.
template <class F>
void for_each_type(const File& file, F&& visit) {
    std::vector<std::string> names;  // of the namespaces around; "" for one without
    for_each_line(file.text, [&](size_t number, std::string_view line) {
        constexpr std::string_view opens = "namespace ", closes = "}  // namespace";
        if (line.starts_with(opens) && line.ends_with("{")) {
            names.emplace_back(trim(line.substr(opens.size(), line.size() - opens.size() - 1)));
        } else if (line.starts_with(closes) && !names.empty()) {
            names.pop_back();
        } else if (std::ranges::find(names, "") == names.end()) {
            std::match_results<std::string_view::const_iterator> match;
            if (line.ends_with(";") && line.find('{') == line.npos) return;
            if (!std::regex_match(line.begin(), line.end(), match, type_pattern())) return;
            std::string whole;
            for (const std::string& name : names) whole += name + "::";
            visit(number, whole + match[1].str());
        }
    });
}

}  // namespace

void check_twins(Tidy& tidy) {
    std::map<std::string, std::string> seen;  // the file of each type
    for (const File& file : tidy.files) {
        if (!file.is_cpp() || file.ends(".inl") || file.is_test() ||
            !(file.under("src/") || file.under("apps/")))
            continue;
        for_each_type(file, [&](size_t line, const std::string& name) {
            auto [twin, is_first] = seen.emplace(name, file.path);
            if (!is_first && twin->second != file.path)
                tidy.found(file, line,
                           cat(name, " is also in ", twin->second,
                               ", and the linker takes the two for one: rename it, or put it into "
                               "an unnamed namespace"));
        });
    }
}

}  // namespace linnet::tidy
