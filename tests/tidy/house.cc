#include <algorithm>
#include <regex>

#include "base/text.h"
#include "tidy.h"

namespace linnet::tidy {
namespace {

struct Rule {
    const char* what;
    std::regex pattern;       // looked for in code without comments and literals
    std::string_view folder;  // where the rule holds
    std::vector<std::string_view> except;
};

const std::vector<Rule>& rules() {
    static const std::vector<Rule> all = {
        {"nothing below apps prints: return it, or tell a Progress or the log",
         std::regex("\\b(printf|puts|putchar|vprintf)\\s*\\(|\\bfprintf\\s*\\(\\s*std(out|err)|"
                    "std::(cout|cerr|clog)\\b"),
         "src/",
         {"src/base/result.h"}},
        {"only apps read the environment: take it as a parameter",
         std::regex("\\b(secure_)?getenv\\s*\\("),
         "src/",
         {}},
        {"nothing throws: return an Error, or check() what only a bug can break",
         std::regex("\\bthrow\\b"),
         "src/",
         {}},
        {"a header brings no namespace into its reader's file",
         std::regex("\\busing\\s+namespace\\b"),
         "src/",
         {}},
    };
    return all;
}

// Libraries that stay behind their module's own types.
const std::regex& third_party() {
    static const std::regex include(
        "^#include <(boost|openssl|nlohmann|spdlog|fmt|toml\\+\\+|CLI|zlib\\.h|utf8proc\\.h|"
        "sqlite3\\.h|linux)");
    return include;
}

// "module/file.h" of an #include line, or nothing.
std::string_view included(std::string_view line) {
    constexpr std::string_view start = "#include \"";
    if (!line.starts_with(start)) return {};
    line.remove_prefix(start.size());
    return line.substr(0, line.find('"'));
}

// x.cc includes its own header first, which proves that the header stands alone.
void check_own_header_first(Tidy& tidy, const File& file) {
    if (!file.ends(".cc") || file.is_test() || !file.under("src/")) return;
    std::string own = file.path.substr(0, file.path.size() - 3) + ".h";
    if (std::ranges::find(tidy.files, own, &File::path) == tidy.files.end()) return;
    bool first = true;
    for_each_line(file.text, [&](size_t number, std::string_view line) {
        if (!first || !line.starts_with("#include")) return;
        first = false;
        if ("src/" + std::string(included(line)) != own) {
            tidy.found(file, number, cat("the first include of a file is its own header, ", own));
        }
    });
}

}  // namespace

void check_house(Tidy& tidy, const File& file) {
    if (!file.is_cpp()) return;
    check_own_header_first(tidy, file);
    if (file.ends(".h") && file.text.find("#pragma once\n") == std::string::npos) {
        tidy.found(file, 1, "no #pragma once");
    }
    if (file.is_test()) return;
    std::string code = without_literals(file.text);
    for_each_line(code, [&](size_t number, std::string_view line) {
        for (const Rule& rule : rules()) {
            if (file.under(rule.folder) && std::ranges::count(rule.except, file.path) == 0 &&
                std::regex_search(line.begin(), line.end(), rule.pattern)) {
                tidy.found(file, number, rule.what);
            }
        }
        if (file.ends(".h") && file.under("src/") &&
            std::regex_search(line.begin(), line.end(), third_party())) {
            tidy.found(file, number, "a third party's header stays out of ours");
        }
    });
}

void check_dead(Tidy& tidy) {
    std::set<std::string> used;
    bool benches = false;
    for (const File& file : tidy.files) {
        benches = benches || (file.ends("_bench.cc") && tidy.compiled.contains(file.path));
        if (!file.is_cpp()) continue;
        std::string folder = file.path.substr(0, file.path.rfind('/') + 1);
        for_each_line(file.text, [&](size_t, std::string_view line) {
            std::string name(included(line));
            if (name.empty()) return;
            for (const std::string& path :
                 {"src/" + name, "apps/" + name, "lib/include/" + name, folder + name}) {
                if (path != file.path) used.insert(path);
            }
        });
    }
    for (const File& file : tidy.files) {
        if ((file.ends(".h") || file.ends(".inl")) && !used.contains(file.path)) {
            tidy.found(file, 1, "no other file includes it");
        }
        bool built = tidy.compiled.contains(file.path) || used.contains(file.path);
        if (file.ends(".cc") && !built && (benches || !file.ends("_bench.cc"))) {
            tidy.found(file, 1, "no target compiles it");
        }
    }
}

}  // namespace linnet::tidy
