// What can be configured: one row a key, and for each key the value that wins, with its origin.
//
// built-in < /etc/linnet/config.toml and conf.d/*.toml < the user's config.toml < the nearest
// .linnet.toml of the project < LINNET_* variables < flags.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "linnet/environment.h"

namespace linnet {

enum class SettingKind { Bool, Integer, Size, Choice, File, Folders };

// Who may set a key in a project file. Such a file may come from a stranger's repository, so it
// decides neither where anything is read or written nor what is checked or fetched.
enum class ProjectMay { Set, NotSet };

struct SettingRow {
    std::string_view key;  // "pull.limit_rate"; the variable is LINNET_PULL_LIMIT_RATE
    SettingKind kind;
    std::string_view built_in;  // as text
    ProjectMay project;
    std::string_view choices;  // "auto|always|never"
    std::string_view help;     // one line, no period
};

std::span<const SettingRow> setting_table();
const SettingRow* find_setting(std::string_view key);
std::vector<std::string> setting_keys();
std::string setting_variable(const SettingRow& row);

enum class Layer { BuiltIn, System, User, Project, Environment, Flag };
std::string_view layer_name(Layer layer);  // "built-in", "system", …

struct Origin {
    Layer layer = Layer::BuiltIn;
    std::string where{};  // the file and line, the variable or the flag
};

// A text or a value from a file as the key wants it, or a Usage error that says what it wants.
Result<Json> parse_setting(const SettingRow& row, std::string_view text);
Result<Json> check_setting(const SettingRow& row, const Json& value);
class Settings {
  public:
    Settings();  // the built-in values

    // REQUIRES: the key is in the table and of that kind. Bytes are integers.
    bool flag(std::string_view key) const;
    uint64_t integer(std::string_view key) const;
    const std::string& text(std::string_view key) const;
    std::vector<std::string> list(std::string_view key) const;

    const Json& value(std::string_view key) const;
    const Origin& origin(std::string_view key) const;
    // A later layer wins. REQUIRES: the value came from parse_setting or check_setting.
    void set(std::string_view key, Json value, Origin origin);

  private:
    struct Entry {
        Json value;
        Origin origin;
    };
    const Entry& entry(std::string_view key) const;
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace linnet
