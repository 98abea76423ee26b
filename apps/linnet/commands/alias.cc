// linnet alias: short names for models.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class AliasCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("NAME", &name_, "the new name; without one, all aliases are listed");
        syntax.positional("MODEL", &target_, "what it shall mean").completes(Complete::Model);
        syntax.flag("--remove", remove_, "take the alias away; the model stays");
        syntax.example("linnet alias default smollm2-135m", "what run and chat use as 'default'");
    }

    Result<> run(Context& context) override {
        Store store = TRY(open_store(context));
        if (remove_ && name_.empty())
            return Error{Code::Usage, "NAME is missing", "linnet alias --remove NAME"};
        if (remove_ && !target_.empty())
            return Error{Code::Usage, "--remove takes a name only", "linnet alias --remove NAME"};
        if (!remove_ && !name_.empty() && target_.empty())
            return Error{Code::Usage, "MODEL is missing",
                         cat("linnet alias ", printable(name_), " MODEL")};
        if (remove_) TRY(store.remove_alias(name_, context.cancel));
        if (!remove_ && !name_.empty()) TRY(store.set_alias(name_, target_, context.cancel));
        Table table;
        Json aliases = Json::array();
        for (const Alias& alias : TRY(store.aliases())) {
            table.rows.push_back({alias.name, printable(alias.target)});
            aliases.push(Json::object({{"name", alias.name}, {"target", alias.target}}));
        }
        context.output.table(table);
        context.output.document(Json::object({{"aliases", std::move(aliases)}}));
        return Done{};
    }

  private:
    std::string name_, target_;
    bool remove_ = false;
};

}  // namespace

std::unique_ptr<Command> alias_command() {
    return std::make_unique<AliasCommand>();
}

}  // namespace linnet
