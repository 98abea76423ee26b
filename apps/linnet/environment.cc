#include "linnet/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <vector>

namespace linnet {

static constexpr VariableRow variables_read[] = {
    {"LINNET_CONFIG", "Configuration file to read in place of the user's and the project's"},
    {"LINNET_SYSTEM_CONFIG", "Folder of the system's configuration, in place of /etc/linnet"},
    {"LINNET_ISA", "Kernels to compute with, in place of the fastest that the processor has"},
    {"NO_COLOR", "If set and not empty, no colours unless --color always asks for them"},
    {"VISUAL", "Editor that /edit of a chat starts"},
    {"EDITOR", "The same, where VISUAL is not set; vi if neither is"},
    {"HOME", "Where ~ leads, and where the XDG folders are if they are not set"},
    {"XDG_CONFIG_HOME", "Configuration is in its folder linnet; ~/.config if not set"},
    {"XDG_DATA_HOME", "Models are in its folder linnet; ~/.local/share if not set"},
    {"XDG_CACHE_HOME", "What can be made again is in its folder linnet; ~/.cache if not set"},
    {"XDG_STATE_HOME", "Histories are in its folder linnet; ~/.local/state if not set"},
};

std::span<const VariableRow> environment_table() {
    return variables_read;
}

Environment::Environment(const char* const* variables) {
    for (; variables && *variables; variables++) {
        std::string_view entry = *variables;
        size_t equals = entry.find('=');
        if (equals != entry.npos)
            values_.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
}

std::optional<std::string> Environment::get(std::string_view name) const {
    auto found = values_.find(name);
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

static Path home_folder(const Environment& environment) {
    if (auto home = environment.get("HOME"); home && home->front() == '/') return *home;
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found)
        return found->pw_dir;
    return {};
}

static Path xdg_folder(const Environment& environment, std::string_view variable, const Path& home,
                       std::string_view below_home) {
    if (auto set = environment.get(variable); set && set->front() == '/')
        return Path(*set) / "linnet";
    return home / below_home / "linnet";
}

Paths find_paths(const Environment& environment) {
    Path home = home_folder(environment);
    return {
        .home = home,
        .config = xdg_folder(environment, "XDG_CONFIG_HOME", home, ".config"),
        .data = xdg_folder(environment, "XDG_DATA_HOME", home, ".local/share"),
        .cache = xdg_folder(environment, "XDG_CACHE_HOME", home, ".cache"),
        .state = xdg_folder(environment, "XDG_STATE_HOME", home, ".local/state"),
        .system_config = environment.get("LINNET_SYSTEM_CONFIG").value_or("/etc/linnet"),
    };
}

Path expand_home(std::string_view text, const Path& home) {
    if (text == "~") return home;
    if (text.starts_with("~/")) return home / text.substr(2);
    return text;
}

}  // namespace linnet
