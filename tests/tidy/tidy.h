// Tidy keeps the house by reading its text: what a compiler does not look at and a reviewer should
// not have to. Each check takes a file and adds what it found.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::tidy {

struct File {
    std::string path;  // from the root of the tree, with forward slashes
    std::string text;

    bool ends(std::string_view suffix) const { return path.ends_with(suffix); }
    bool under(std::string_view folder) const { return path.starts_with(folder); }
    bool is_cpp() const { return ends(".cc") || ends(".h") || ends(".inl"); }
    bool is_code() const;  // also scripts and build files
    bool is_test() const;  // a test, a benchmark, a fuzz target, or what only they use
};

struct Finding {
    std::string path;
    size_t line;
    std::string what;
    auto operator<=>(const Finding&) const = default;
};

struct Tidy {
    std::vector<File> files;
    std::set<std::string> folders;   // every folder of the tree, for links
    std::set<std::string> compiled;  // the files in compile_commands.json
    std::map<std::string, size_t> allowed_sizes;
    std::vector<Finding> findings;

    void found(const File& file, size_t line, std::string what) {
        findings.push_back({file.path, line, std::move(what)});
    }
};

// lines.cc: long lines, stray white space, left-over marks, words that do not belong.
void check_lines(Tidy& tidy, const File& file);

// house.cc: the invariants of ARCHITECTURE.md that a text search can hold.
void check_house(Tidy& tidy, const File& file);
// Files that no target compiles and no other file includes.
void check_dead(Tidy& tidy);

// sizes.cc: a file is one idea, a function fits a screen. sizes.txt lists what was larger when the
// limit came; it may shrink and never grow.
constexpr size_t file_lines_max = 500;
constexpr size_t function_lines_max = 70;
struct Function {
    std::string name;
    size_t line;
    size_t lines;
};
std::vector<Function> functions(std::string_view cpp);
void check_sizes(Tidy& tidy, const File& file);
void check_allowed_sizes(Tidy& tidy);  // the list itself: nothing in it that is small by now

// links.cc: links between documents lead somewhere.
void check_links(Tidy& tidy, const File& file);

// twins.cc: no two files define types of one name. Each file compiles, but what templates and
// inline functions make of them has one name too, and the linker keeps one of the two.
void check_twins(Tidy& tidy);

// C++ with comments and the contents of literals blanked out, every line where it was.
std::string without_literals(std::string_view cpp);
// One call a line, counted from 1, without the line's end.
template <class F>
void for_each_line(std::string_view text, F&& visit) {
    for (size_t number = 1; !text.empty(); number++) {
        size_t end = text.find('\n');
        visit(number, text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

}  // namespace linnet::tidy
