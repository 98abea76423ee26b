#include "base/text.h"
#include "linnet/command.h"
#include "linnet/settings_load.h"

namespace linnet {
namespace {

class ConfigValidate final : public Command {
  public:
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.about(
            "Checks every configuration file that takes part, and the LINNET_ variables; or only "
            "FILE. A file named .linnet.toml is held to what a project's file may set.");
        syntax.positional("FILE", &file_, "check only this file").completes(Complete::File);
        syntax.example("linnet config validate", "find all mistakes at once");
    }

    Result<> run(Context& context) override {
        LoadedSettings loaded = load(context);
        Json problems = Json::array(), warnings = Json::array();
        for (const Error& error : loaded.errors) {
            context.output.line(cat(context.output.paint(Style::Red, "wrong: "), error.what));
            if (!error.next.empty()) context.output.line(cat("  try: ", error.next));
            problems.push(Json::object({{"message", error.what}, {"next", error.next}}));
        }
        for (const std::string& warning : loaded.warnings) {
            context.output.warn(warning);
            warnings.push(warning);
        }
        context.output.document(Json::object(
            {{"valid", loaded.errors.empty()}, {"problems", problems}, {"warnings", warnings}}));
        if (loaded.errors.empty()) {
            context.output.line("the configuration is valid");
            return Done{};
        }
        return Error{loaded.errors.front().code,
                     cat("the configuration has ", loaded.errors.size(),
                         loaded.errors.size() == 1 ? " mistake" : " mistakes")};
    }

  private:
    LoadedSettings load(Context& context) const {
        LoadedSettings loaded;
        if (file_) {
            Path path = *file_;
            bool project = path.filename() == ".linnet.toml";
            load_settings_file({.path = path, .layer = project ? Layer::Project : Layer::User},
                               context.paths, loaded);
            return loaded;
        }
        loaded = load_settings({.environment = context.environment,
                                .paths = context.paths,
                                .file = context.config_file});
        for (const std::string& name : unknown_variables(context.environment))
            loaded.warnings.push_back(
                cat("the variable ", printable(name, 100), " is not one that linnet reads"));
        return loaded;
    }

    std::optional<std::string> file_;
};

}  // namespace

std::unique_ptr<Command> config_validate_command() {
    return std::make_unique<ConfigValidate>();
}

}  // namespace linnet
