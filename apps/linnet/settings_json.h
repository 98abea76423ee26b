// Settings as the commands of `linnet config` write them.
#pragma once

#include "linnet/settings.h"

namespace linnet {

// {"key", "value", "layer", "where"}
Json setting_json(const Settings& settings, std::string_view key);

// The row of a key that a user wrote, or NotFound with the nearest one.
Result<const SettingRow*> require_setting(std::string_view key);

}  // namespace linnet
