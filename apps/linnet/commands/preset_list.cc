// linnet preset list: the presets there are.
#include "base/text.h"
#include "linnet/preset.h"

#include "linnet/command.h"

namespace linnet {
namespace {

class PresetListCommand final : public Command {
  public:
    Result<> run(Context& context) override {
        Table table{.header = {"NAME", "MODEL", "SYSTEM"}, .rows = {}, .right = {}};
        Json presets = Json::array();
        for (const std::string& name : preset_names(context.paths)) {
            auto preset = load_preset(context.paths, name);
            if (!preset) {
                context.output.warn(preset.error().what);
                continue;
            }
            table.rows.push_back(
                {name, printable(preset->model, 60), printable(preset->system, 60)});
            presets.push(Json::object({{"name", name},
                                       {"model", preset->model},
                                       {"system", preset->system},
                                       {"path", preset_path(context.paths, name).string()}}));
        }
        if (table.rows.empty())
            context.output.line("There are no presets yet. 'linnet help preset save' tells more.");
        else
            context.output.table(table);
        context.output.document(Json::object({{"presets", std::move(presets)}}));
        return Done{};
    }
};

}  // namespace

std::unique_ptr<Command> preset_list_command() {
    return std::make_unique<PresetListCommand>();
}

}  // namespace linnet
