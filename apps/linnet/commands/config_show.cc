#include "base/text.h"
#include "linnet/command.h"
#include "linnet/settings_json.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

class ConfigShow final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.about(
            "Shows every setting with the value that holds. Later layers win: built-in, system, "
            "user, project, environment, flag.");
        syntax.flag("--origin", origin_, "tell which layer, file and line each value comes from");
        syntax.example("linnet config show --origin", "find out why a setting is what it is");
        syntax.example("LINNET_RUN_THREADS=2 linnet config show --json", "as data");
    }

    Result<> run(Context& context) override {
        Table table;
        table.header = {"setting", "value"};
        if (origin_) table.header.insert(table.header.end(), {"layer", "where"});
        Json rows = Json::array();
        for (const SettingRow& row : setting_table()) {
            const Origin& origin = context.settings.origin(row.key);
            auto& line = table.rows.emplace_back();
            line = {std::string(row.key), printable(toml_value(context.settings.value(row.key)))};
            if (origin_) {
                line.emplace_back(layer_name(origin.layer));
                line.push_back(printable(origin.where));
            }
            rows.push(setting_json(context.settings, row.key));
        }
        context.output.table(table);
        context.output.document(Json::object({{"settings", rows}}));
        return Done{};
    }

  private:
    bool origin_ = false;
};

}  // namespace

std::unique_ptr<Command> config_show_command() {
    return std::make_unique<ConfigShow>();
}

}  // namespace linnet
