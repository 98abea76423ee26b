#include "store/pip_settings.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr uint64_t file_bytes_max = 1'000'000;

std::string value_of(const Variables& environment, std::string_view name) {
    auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

// The address that pip has built in, for where no setting names another.
std::string pip_default_index() {
    constexpr std::string_view registry = "pypi";
    return cat("https://", registry, ".org/simple/");
}

// Values of several lines or words, as for extra-index-url.
std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    std::string flat(text);
    std::ranges::replace_if(flat, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    for (std::string_view word : split(flat, ' '))
        if (!word.empty()) out.emplace_back(word);
    return out;
}

bool truth(std::string_view text) {
    std::string value = lower(trim(text));
    return value == "1" || value == "true" || value == "yes" || value == "on" || value == "y" ||
           value == "t";
}

std::string normalize_key(std::string_view key) {
    std::string out = lower(trim(key));
    std::ranges::replace(out, '_', '-');
    return out.starts_with("--") ? out.substr(2) : out;
}

bool is_continued(std::string_view line) {
    return line.starts_with(' ') || line.starts_with('\t');
}

}  // namespace

// As Python's RawConfigParser: "key = value" or "key: value", indented lines go on, # and ; begin a
// comment where a line does.
Result<> read_ini(std::string_view text, IniValues& into) {
    std::string section, last_key;
    size_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        number++;
        std::string_view content = trim(line);
        if (content.empty() || content[0] == '#' || content[0] == ';') continue;
        if (is_continued(line) && !last_key.empty()) {
            into[last_key] += cat('\n', content);
            continue;
        }
        if (content[0] == '[') {
            size_t end = content.find(']');
            if (end == content.npos)
                return Error{Code::BadInput, cat("line ", number, ": a section without its ]")};
            section = content.substr(1, end - 1);
            last_key.clear();
            continue;
        }
        size_t separator = content.find_first_of("=:");
        if (section.empty() || separator == content.npos || separator == 0)
            return Error{Code::BadInput,
                         cat("line ", number, ": neither a section nor 'key = value' in one")};
        last_key = cat(section, '.', normalize_key(content.substr(0, separator)));
        into[last_key] = trim(content.substr(separator + 1));
    }
    return Done{};
}

std::vector<Path> pip_config_files(const Variables& environment, const Path& home,
                                   const Path& system) {
    std::string named = value_of(environment, "PIP_CONFIG_FILE");
    if (named == "/dev/null") return {};
    std::vector<Path> files;
    std::string shared = value_of(environment, "XDG_CONFIG_DIRS");
    if (shared.empty()) shared = (system / "xdg").string();
    for (std::string_view folder : split(shared, ':'))
        if (!folder.empty()) files.push_back(Path(folder) / "pip" / "pip.conf");
    files.push_back(system / "pip.conf");
    std::error_code ignored;
    bool named_is_there = !named.empty() && std::filesystem::exists(named, ignored);
    if (!named_is_there && !home.empty()) {
        files.push_back(home / ".pip" / "pip.conf");
        std::string config = value_of(environment, "XDG_CONFIG_HOME");
        files.push_back((config.empty() ? home / ".config" : Path(config)) / "pip" / "pip.conf");
    }
    std::string site = value_of(environment, "VIRTUAL_ENV");
    if (!site.empty()) files.push_back(Path(site) / "pip.conf");
    if (named_is_there) files.push_back(named);
    return files;
}

Result<PipSettings> load_pip_settings(const Variables& environment, const Path& home,
                                      const Path& system) {
    IniValues values;
    for (const Path& file : pip_config_files(environment, home, system)) {
        auto text = read_file(file, file_bytes_max);
        if (!text && text.error().code == Code::NotFound) continue;
        if (!text) return std::move(text).error();
        auto read = read_ini(*text, values);
        if (!read)
            return std::move(read.error())
                .within(cat("pip's settings in ", file))
                .advise("correct the file; pip config debug shows how pip reads it");
    }
    // A command's own section wins over [global] wherever each stands, and a variable over both.
    auto setting = [&](std::string_view key) {
        std::string variable = "PIP_";
        for (char c : key)
            variable += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        if (std::string value = value_of(environment, variable); !value.empty()) return value;
        for (std::string_view section : {"install", "download", "global"}) {
            auto found = values.find(cat(section, '.', key));
            if (found != values.end() && !found->second.empty()) return found->second;
        }
        return std::string();
    };
    PipSettings settings;
    std::string index = std::string(trim(setting("index-url")));
    settings.indexes.push_back(index.empty() ? pip_default_index() : index);
    for (std::string& extra : words(setting("extra-index-url")))
        settings.indexes.push_back(std::move(extra));
    settings.find_links = words(setting("find-links"));
    settings.no_index = truth(setting("no-index"));
    settings.certificates = std::string(trim(setting("cert")));
    settings.proxy = trim(setting("proxy"));
    return settings;
}

}  // namespace linnet
