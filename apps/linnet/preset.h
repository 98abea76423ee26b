// A named way to use a model: what it shall be, how it answers, which model it is. One TOML file
// each, in the presets folder of the user's configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "linnet/environment.h"
#include "linnet/parameters.h"
#include "text/message.h"

namespace linnet {

// What a preset leaves empty is as without it.
struct Preset {
    std::string name;
    std::string model;          // as a user names one
    std::string system;         // what the model shall be
    std::string chat_template;  // a name of named_templates.h
    std::string think;          // "show", "hide" or "off"
    std::optional<uint64_t> context, tokens, think_budget, seed;
    std::vector<std::pair<const ParameterRow*, double>> parameters;
    std::vector<std::string> stop;
    std::vector<std::string> lora;  // adapters, PATH or PATH:SCALE
    std::vector<Message> messages;  // said before: examples of how to answer

    static constexpr uint64_t file_bytes_max = 4'000'000;
};

// Strict: a key that it does not know is BadInput, as a misspelt one would do nothing.
Result<Preset> parse_preset(std::string_view text, std::string_view name, const Path& path);
std::string preset_text(const Preset& preset);
// As --json shows it.
Json preset_json(const Preset& preset);

Path preset_path(const Paths& paths, std::string_view name);
// Whether there is one of that name: any text may be asked about.
bool has_preset(const Paths& paths, std::string_view name);
Result<Preset> load_preset(const Paths& paths, std::string_view name);
// Busy where one of that name is there, unless it may be replaced.
Result<> save_preset(const Paths& paths, const Preset& preset, bool replace);
std::vector<std::string> preset_names(const Paths& paths);

}  // namespace linnet
