// linnet preset rm: takes a preset away.
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "linnet/command.h"
#include "linnet/preset.h"
#include "store/name.h"

namespace linnet {
namespace {

class PresetRmCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("NAME", &name_, "the preset").required().completes(Complete::Preset);
    }

    Result<> run(Context& context) override {
        std::string name = TRY(parse_model_name(name_));
        // Not what it says, which may be broken, but whether it is there.
        if (!has_preset(context.paths, name)) TRY(load_preset(context.paths, name));
        Path path = preset_path(context.paths, name);
        if (::unlink(path.c_str()) != 0) return system_error(errno, "remove", path);
        context.output.line(cat("Removed ", name));
        context.output.document(Json::object({{"name", name}}));
        return Done{};
    }

  private:
    std::string name_;
};

}  // namespace

std::unique_ptr<Command> preset_rm_command() {
    return std::make_unique<PresetRmCommand>();
}

}  // namespace linnet
