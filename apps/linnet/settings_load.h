// Brings the layers of settings together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/settings.h"

namespace linnet {

struct SettingsSources {
    const Environment& environment;
    const Paths& paths;
    std::optional<std::string> file{};  // in place of the user's and the project's
    bool read_files = true;
    Path folder = ".";  // where the search for a project's file starts, upwards
};

struct LoadedSettings {
    Settings settings;
    std::vector<Error> errors;  // a wrong entry keeps what the layer below says
    std::vector<std::string> warnings;
};

LoadedSettings load_settings(const SettingsSources& sources);

// A file that takes part, in the order of the layers, whether it exists or not.
struct SettingsFile {
    Path path;
    Layer layer;
    bool exists = false;
    std::string ignored{};  // why it does not take part although it exists
};
std::vector<SettingsFile> settings_files(const SettingsSources& sources);

// The user's file: --config, LINNET_CONFIG or the XDG place.
Path user_settings_file(const SettingsSources& sources);

// LINNET_ variables that are neither a setting nor in environment_table(): misspelt, most likely.
std::vector<std::string> unknown_variables(const Environment& environment);

// Adds the entries of one file to `into`.
void load_settings_file(const SettingsFile& file, const Paths& paths, LoadedSettings& into);

}  // namespace linnet
