// The environment variables and the user's folders, read once by main. Only apps see them; whatever
// lies below gets values.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"

namespace linnet {

class Environment {
  public:
    Environment() = default;  // empty, for tests
    explicit Environment(const char* const* variables);

    // Nothing where the variable is absent or empty: the conventions of NO_COLOR, XDG and others
    // treat both alike.
    std::optional<std::string> get(std::string_view name) const;
    const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

// The variables that linnet reads besides those of settings, one row each: for the man page, and to
// tell what is misspelt.
struct VariableRow {
    std::string_view name;
    std::string_view help;
};
std::span<const VariableRow> environment_table();

// Where this user's files lie, by the XDG base directory rules: relative values there are ignored.
struct Paths {
    Path home;           // may be empty: no HOME and no such user
    Path config;         // ~/.config/linnet
    Path data;           // ~/.local/share/linnet: models
    Path cache;          // ~/.cache/linnet: may be deleted at any time
    Path state;          // ~/.local/state/linnet: history, logs
    Path system_config;  // /etc/linnet
};

Paths find_paths(const Environment& environment);

// "~/models" with the home folder in place of the tilde; other users' homes are not looked up.
Path expand_home(std::string_view text, const Path& home);

}  // namespace linnet
