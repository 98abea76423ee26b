// Where pip looks for packages on this machine: its variables and configuration files, read the way
// pip reads them, so that whoever set pip up for a mirror or a proxy has set up linnet too.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace linnet {

using Variables = std::map<std::string, std::string, std::less<>>;

struct PipSettings {
    std::vector<std::string>
        indexes;  // addresses, the first one first; pip's own where none is set
    std::vector<std::string> find_links;  // folders, file: and web addresses with wheels
    bool no_index = false;                // only find_links
    Path certificates;                    // to trust instead of the system's; may be empty
    std::string proxy;                    // may be empty
};

// Sections [global], [download] and [install] of the files in the order global, user, site, then
// PIP_CONFIG_FILE, then PIP_* variables; later ones win. Absent files are skipped, broken ones are
// errors. `home` may be empty; `system` is where the files for all users lie.
Result<PipSettings> load_pip_settings(const Variables& environment, const Path& home,
                                      const Path& system = "/etc");
// The files that load_pip_settings would read.
std::vector<Path> pip_config_files(const Variables& environment, const Path& home,
                                   const Path& system = "/etc");

// "section.key" to value; later lines win. Keys as pip compares them: lower case, - for _.
using IniValues = std::map<std::string, std::string, std::less<>>;
Result<> read_ini(std::string_view text, IniValues& into);

}  // namespace linnet
