// linnet preset save: flags under a name.
#include "base/text.h"
#include "linnet/generation.h"
#include "linnet/models.h"
#include "store/name.h"
#include "text/named_templates.h"

namespace linnet {
namespace {

class PresetSaveCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("NAME", &name_, "what to call it").required().completes(Complete::Preset);
        syntax.option("--model", &model_, "MODEL", "the model; else the default one")
            .completes(Complete::Model);
        syntax.option("-s,--system", &system_, "TEXT", "what the model shall be");
        std::vector<std::string> templates;
        for (const NamedTemplate& row : named_templates()) templates.emplace_back(row.name);
        syntax
            .option("--template", &template_, "NAME",
                    "a chat template by name, in place of the model's own")
            .one_of(templates);
        syntax.option("-c,--context", &context_, "TOKENS", "tokens of context").between(1, 1 << 24);
        options_.declare_lora(syntax);
        options_.declare_sampling(syntax);
        options_.declare_thinking(syntax);
        syntax.flag("--force", force_, "replace a preset of that name");
        syntax.about(
            "The preset is a file of TOML that can be changed with an editor: 'linnet preset show' "
            "tells where. run, chat and complete take its name in place of a model's.");
        syntax.example("linnet preset save pirate -s 'Answer as a pirate.' --temp 1",
                       "then: linnet chat pirate");
    }

    Result<> run(Context& context) override {
        Preset preset = TRY(options_.as_preset());
        preset.name = TRY(parse_model_name(name_));
        preset.model = model_;
        preset.system = system_;
        preset.chat_template = template_;
        preset.context = context_;
        if (TRY(is_name_of_model(context, preset.name)))
            return Error{Code::Usage, cat("'", preset.name, "' is the name of a model"),
                         "choose another name for the preset"};
        TRY(save_preset(context.paths, preset, force_));
        context.output.line(cat("Saved ", preset.name));
        context.output.document(Json::object(
            {{"name", preset.name}, {"path", preset_path(context.paths, preset.name).string()}}));
        return Done{};
    }

  private:
    std::string name_, model_, system_, template_;
    std::optional<uint64_t> context_;
    GenerationOptions options_;
    bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> preset_save_command() {
    return std::make_unique<PresetSaveCommand>();
}

}  // namespace linnet
