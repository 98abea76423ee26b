#include "base/text.h"
#include "linnet/command.h"
#include "linnet/settings_json.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

class ConfigGet final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.about("Prints the value alone: a text without quotes, a list one item a line.");
        syntax.positional("KEY", &key_, "the setting, for example run.threads")
            .required()
            .completes(Complete::Setting);
        syntax.example("linnet config get store.path", "print where models are kept");
    }

    Result<> run(Context& context) override {
        TRY(require_setting(key_));
        const Json& value = context.settings.value(key_);
        if (const Json::Array* list = value.as_array())
            for (const Json& item : *list) context.output.line(*item.as_string());
        else if (const std::string* text = value.as_string())
            context.output.line(*text);
        else
            context.output.line(toml_value(value));
        context.output.document(setting_json(context.settings, key_));
        return Done{};
    }

  private:
    std::string key_;
};

}  // namespace

std::unique_ptr<Command> config_get_command() {
    return std::make_unique<ConfigGet>();
}

}  // namespace linnet
