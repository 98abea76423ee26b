#include "linnet/settings_load.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

constexpr uint64_t file_bytes_max = 1'000'000;
constexpr size_t project_levels_max = 64;
constexpr size_t drop_ins_max = 1000;

bool is_there(const Path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

// The nearest .linnet.toml upwards. One that another user owns is told, but not read: in a shared
// folder such as /tmp anybody could put one above ours.
std::optional<SettingsFile> project_file(const Path& start) {
    std::error_code failed;
    Path folder = std::filesystem::absolute(start, failed).lexically_normal();
    for (size_t level = 0; !failed && level < project_levels_max; level++) {
        Path path = folder / ".linnet.toml";
        struct stat found{};
        if (::stat(path.c_str(), &found) == 0) {
            SettingsFile file{.path = path, .layer = Layer::Project, .exists = true};
            if (found.st_uid != ::geteuid() && found.st_uid != 0)
                file.ignored = "it belongs to another user";
            return file;
        }
        if (folder == folder.parent_path()) break;
        folder = folder.parent_path();
    }
    return std::nullopt;
}

void add_system_files(const Path& folder, std::vector<SettingsFile>& files) {
    files.push_back({folder / "config.toml", Layer::System, is_there(folder / "config.toml")});
    std::vector<Path> drop_ins;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(folder / "conf.d", failed), end;
         !failed && entry != end && drop_ins.size() < drop_ins_max; entry.increment(failed))
        if (entry->path().extension() == ".toml") drop_ins.push_back(entry->path());
    std::ranges::sort(drop_ins);
    for (const Path& path : drop_ins) files.push_back({path, Layer::System, true});
}

Error unknown_key(const TomlEntry& entry) {
    Error error{Code::BadInput, cat("there is no setting '", printable(entry.key, 100), "'")};
    if (auto near = closest(entry.key, setting_keys()))
        error.next = cat("write ", *near);
    else
        error.next = "linnet config show lists the settings";
    return error;
}

// A path in a file is relative to the file, so that it means the same wherever linnet is started.
Json resolve_paths(const SettingRow& row, const Json& value, const SettingsFile& file,
                   const Paths& paths) {
    auto resolve = [&](const std::string& text) {
        if (text.empty()) return text;
        return (file.path.parent_path() / expand_home(text, paths.home)).string();
    };
    if (row.kind == SettingKind::File) return Json(resolve(*value.as_string()));
    if (row.kind != SettingKind::Folders) return value;
    Json out = Json::array();
    for (const Json& item : *value.as_array()) out.push(resolve(*item.as_string()));
    return out;
}

void load_environment(const SettingsSources& sources, LoadedSettings& into) {
    for (const SettingRow& row : setting_table()) {
        std::string name = setting_variable(row);
        auto text = sources.environment.get(name);
        if (!text) continue;
        if (row.kind == SettingKind::File) *text = expand_home(*text, sources.paths.home).string();
        if (auto value = parse_setting(row, *text))
            into.settings.set(row.key, *std::move(value), {Layer::Environment, name});
        else
            into.errors.push_back(std::move(value).error().within(name));
    }
}

}  // namespace

Path user_settings_file(const SettingsSources& sources) {
    if (sources.file) return expand_home(*sources.file, sources.paths.home);
    if (auto set = sources.environment.get("LINNET_CONFIG"))
        return expand_home(*set, sources.paths.home);
    return sources.paths.config / "config.toml";
}

static bool names_file(const SettingsSources& sources) {
    return sources.file || sources.environment.get("LINNET_CONFIG");
}

std::vector<SettingsFile> settings_files(const SettingsSources& sources) {
    std::vector<SettingsFile> files;
    add_system_files(sources.paths.system_config, files);
    Path user = user_settings_file(sources);
    files.push_back({user, Layer::User, is_there(user)});
    if (!names_file(sources))
        if (auto project = project_file(sources.folder)) files.push_back(*project);
    return files;
}

void load_settings_file(const SettingsFile& file, const Paths& paths, LoadedSettings& into) {
    auto text = read_file(file.path, file_bytes_max);
    if (!text) return into.errors.push_back(std::move(text).error());
    auto entries = parse_toml(*text, file.path);
    if (!entries) return into.errors.push_back(std::move(entries).error());
    for (const TomlEntry& entry : *entries) {
        std::string where = cat(file.path, ":", entry.line);
        const SettingRow* row = find_setting(entry.key);
        if (!row) {
            into.errors.push_back(unknown_key(entry).within(where));
        } else if (file.layer == Layer::Project && row->project == ProjectMay::NotSet) {
            into.errors.push_back(
                Error{Code::Policy, cat(where, ": a project's file may not set ", row->key),
                      "move the line to your own configuration (linnet config path), or set "
                      "LINNET_CONFIG to leave the project's file out"});
        } else if (auto value = check_setting(*row, entry.value); !value) {
            Error error = std::move(value).error().within(where);
            error.code = Code::BadInput;  // the file is at fault, not the command
            into.errors.push_back(std::move(error));
        } else {
            into.settings.set(row->key, resolve_paths(*row, *value, file, paths),
                              {file.layer, where});
        }
    }
}

LoadedSettings load_settings(const SettingsSources& sources) {
    LoadedSettings loaded;
    if (sources.read_files) {
        for (const SettingsFile& file : settings_files(sources)) {
            if (!file.ignored.empty())
                loaded.warnings.push_back(cat(file.path, " is not read: ", file.ignored));
            else if (file.exists || (names_file(sources) && file.layer == Layer::User))
                load_settings_file(file, sources.paths, loaded);
        }
    }
    load_environment(sources, loaded);
    return loaded;
}

std::vector<std::string> unknown_variables(const Environment& environment) {
    std::vector<std::string> out;
    for (const auto& [name, value] : environment.all()) {
        bool known = !name.starts_with("LINNET_");
        for (const SettingRow& row : setting_table()) known |= setting_variable(row) == name;
        for (const VariableRow& row : environment_table()) known |= row.name == name;
        if (!known) out.push_back(name);
    }
    return out;
}

}  // namespace linnet
