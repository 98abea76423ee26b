// tidy SOURCE BUILD: reads every text file of the tree, says what does not fit, and fails if
// anything does not.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tidy.h"

using namespace linnet;

namespace {

constexpr uint64_t file_bytes_max = 4'000'000;

bool is_text(std::string_view bytes) {
    return bytes.find('\0') == bytes.npos && valid_utf8(bytes);
}

// Inputs of a fuzzer are whatever they have to be.
bool is_corpus(const Path& path) {
    return path.parent_path().parent_path() == "tests/fuzz";
}

void read_tree(tidy::Tidy& tidy, const Path& root) {
    auto entries = std::filesystem::recursive_directory_iterator(root);
    for (const auto& entry : entries) {
        std::string path = entry.path().lexically_relative(root).generic_string();
        bool hidden = path.starts_with(".git") || path == "build" || path.ends_with("__pycache__");
        if (hidden && path != ".gitignore") {
            if (entry.is_directory()) entries.disable_recursion_pending();
        } else if (entry.is_directory()) {
            tidy.folders.insert(path);
        } else if (auto text = read_file(entry.path(), file_bytes_max);
                   text && is_text(*text) && !is_corpus(path)) {
            tidy.files.push_back({path, std::move(*text)});
        }
    }
    std::ranges::sort(tidy.files, {}, &tidy::File::path);
}

void read_compiled(tidy::Tidy& tidy, const Path& root, const Path& build) {
    auto text = read_file(build / "compile_commands.json", 100'000'000);
    check(bool(text), "the build folder has a compile_commands.json");
    auto commands = Json::parse(*text);
    check(commands && commands->as_array(), "compile_commands.json is a list");
    for (const Json& command : *commands->as_array()) {
        Path file(command.string_or("file", ""));
        tidy.compiled.insert(file.lexically_relative(root).generic_string());
    }
}

// Lines of "<lines> <path>" or "<lines> <path>:<function>".
void read_sizes(tidy::Tidy& tidy, const Path& root) {
    auto text = read_file(root / "tests/tidy/sizes.txt", file_bytes_max);
    if (!text) return;
    tidy::for_each_line(*text, [&](size_t, std::string_view line) {
        size_t space = line.find(' ');
        auto lines = parse_integer<size_t>(line.substr(0, space));
        if (lines) tidy.allowed_sizes[std::string(line.substr(space + 1))] = *lines;
    });
}

// Formatting, where the formatter is installed. Returns false if a file is not formatted.
bool check_format(const tidy::Tidy& tidy, const Path& root) {
    constexpr const char* formatter = "clang-format-19";
    if (std::system(cat("command -v ", formatter, " >/dev/null").c_str()) != 0) {
        std::cout << "formatting not checked: " << formatter << " is not installed\n";
        return true;
    }
    std::string command = cat("cd '", root.string(), "' && ", formatter, " --dry-run --Werror");
    for (const tidy::File& file : tidy.files) {
        if (file.is_cpp()) command += cat(" '", file.path, "'");
    }
    if (std::system((command + " 2>&1 | sort -u -t: -k1,1 | grep error:").c_str()) != 0) {
        return true;  // grep found nothing
    }
    std::cout << "format with: " << formatter << " -i <file>\n";
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "tidy SOURCE BUILD\n";
        return 2;
    }
    const Path root = std::filesystem::canonical(arguments[1]);
    tidy::Tidy tidy;
    read_tree(tidy, root);
    read_compiled(tidy, root, arguments[2]);
    read_sizes(tidy, root);
    for (const tidy::File& file : tidy.files) {
        check_lines(tidy, file);
        check_house(tidy, file);
        check_sizes(tidy, file);
        check_links(tidy, file);
    }
    check_allowed_sizes(tidy);
    check_twins(tidy);

    std::ranges::sort(tidy.findings);
    for (const tidy::Finding& finding : tidy.findings) {
        std::cout << finding.path << ':' << finding.line << ": " << finding.what << '\n';
    }
    bool formatted = check_format(tidy, root);
    std::cout << tidy.files.size() << " files, " << tidy.findings.size() << " findings\n";
    bool clean = tidy.findings.empty() && formatted;

    // The house is being built: interfaces stand before their users do.
    tidy.findings.clear();
    check_dead(tidy);
    for (const tidy::Finding& finding : tidy.findings) {
        std::cout << "note: " << finding.path << ": " << finding.what << '\n';
    }
    return clean ? 0 : 1;
}
