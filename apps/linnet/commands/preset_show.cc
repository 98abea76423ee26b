// linnet preset show: what a preset says, and where it lies.
#include "base/text.h"
#include "linnet/command.h"
#include "linnet/preset.h"

namespace linnet {
namespace {

class PresetShowCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("NAME", &name_, "the preset").required().completes(Complete::Preset);
    }

    Result<> run(Context& context) override {
        Preset preset = TRY(load_preset(context.paths, name_));
        Path path = preset_path(context.paths, preset.name);
        context.output.line(cat("# ", path));
        std::string text = preset_text(preset);
        for (std::string_view line : split(trim(text), '\n')) context.output.line(printable(line));
        Json document = preset_json(preset);
        document.set("path", path.string());
        context.output.document(std::move(document));
        return Done{};
    }

  private:
    std::string name_;
};

}  // namespace

std::unique_ptr<Command> preset_show_command() {
    return std::make_unique<PresetShowCommand>();
}

}  // namespace linnet
