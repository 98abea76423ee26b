// linnet rm: takes a model out of the store.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class RmCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "the name of a stored model")
            .required()
            .completes(Complete::Model);
        syntax.about(
            "Files that other models share stay, and so do the models of other programs. Aliases "
            "of the model go with it.");
    }

    Result<> run(Context& context) override {
        Store store = TRY(open_store(context));
        Removed removed = TRY(store.remove(model_, context.cancel));
        context.output.line(
            cat("Removed ", removed.name, ", ", bytes_text(removed.freed_bytes), " freed"));
        Json aliases = Json::array();
        for (const std::string& alias : removed.aliases) aliases.push(alias);
        context.output.document(Json::object({{"name", removed.name},
                                              {"aliases", std::move(aliases)},
                                              {"freed_bytes", removed.freed_bytes}}));
        return Done{};
    }

  private:
    std::string model_;
};

}  // namespace

std::unique_ptr<Command> rm_command() {
    return std::make_unique<RmCommand>();
}

}  // namespace linnet
