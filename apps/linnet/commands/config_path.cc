#include "linnet/command.h"
#include "linnet/settings_load.h"

namespace linnet {
namespace {

class ConfigPath final : public Command {
  public:
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.about(
            "Prints where your own configuration file is, whether it exists or not. With --all, "
            "every file that is read, later ones winning.");
        syntax.flag("--all", all_, "every file that takes part, in the order of the layers");
        syntax.example("$EDITOR \"$(linnet config path)\"", "edit the configuration");
    }

    Result<> run(Context& context) override {
        SettingsSources sources{.environment = context.environment,
                                .paths = context.paths,
                                .file = context.config_file};
        Path user = user_settings_file(sources);
        Table table{.header = {"layer", "file", "state"}, .rows = {}, .right = {}};
        Json files = Json::array();
        for (const SettingsFile& file : settings_files(sources)) {
            std::string state = !file.exists           ? "absent"
                                : file.ignored.empty() ? "read"
                                                       : "ignored: " + file.ignored;
            table.rows.push_back(
                {std::string(layer_name(file.layer)), printable(file.path.string()), state});
            files.push(Json::object({{"layer", layer_name(file.layer)},
                                     {"path", file.path.string()},
                                     {"exists", file.exists},
                                     {"ignored", file.ignored}}));
        }
        if (all_)
            context.output.table(table);
        else
            context.output.line(user.string());
        context.output.document(Json::object({{"path", user.string()}, {"files", files}}));
        return Done{};
    }

  private:
    bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> config_path_command() {
    return std::make_unique<ConfigPath>();
}

}  // namespace linnet
