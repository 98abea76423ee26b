#include "linnet/settings_json.h"

#include "base/text.h"

namespace linnet {

Json setting_json(const Settings& settings, std::string_view key) {
    const Origin& origin = settings.origin(key);
    return Json::object({{"key", key},
                         {"value", settings.value(key)},
                         {"layer", layer_name(origin.layer)},
                         {"where", origin.where}});
}

Result<const SettingRow*> require_setting(std::string_view key) {
    if (const SettingRow* row = find_setting(key)) return row;
    Error error{Code::NotFound, cat("there is no setting '", printable(key, 100), "'")};
    auto near = closest(key, setting_keys());
    error.next = near ? *near : "linnet config show lists the settings";
    return error;
}

}  // namespace linnet
