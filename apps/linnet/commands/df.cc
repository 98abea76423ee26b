// linnet df: what the store takes on the disk.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class DfCommand final : public Command {
  public:
    Result<> run(Context& context) override {
        Store store = TRY(open_store(context));
        Usage usage = TRY(store.usage());
        Table table{
            .header = {"MODEL", "SIZE", "ITS OWN"}, .rows = {}, .right = {false, true, true}};
        Json models = Json::array();
        for (const Usage::Model& model : usage.models) {
            table.rows.push_back(
                {model.name, bytes_text(model.bytes), bytes_text(model.own_bytes)});
            models.push(Json::object(
                {{"name", model.name}, {"bytes", model.bytes}, {"own_bytes", model.own_bytes}}));
        }
        if (!table.rows.empty()) context.output.table(table);
        context.output.line(cat("models ", bytes_text(usage.models_bytes),
                                ", broken-off downloads ", bytes_text(usage.partial_bytes),
                                ", needed by no model ", bytes_text(usage.unreferenced_bytes),
                                ", free on the disk ", bytes_text(usage.disk_free_bytes)));
        context.output.document(Json::object({{"models", std::move(models)},
                                              {"models_bytes", usage.models_bytes},
                                              {"unreferenced_bytes", usage.unreferenced_bytes},
                                              {"partial_bytes", usage.partial_bytes},
                                              {"disk_free_bytes", usage.disk_free_bytes}}));
        return Done{};
    }
};

}  // namespace

std::unique_ptr<Command> df_command() {
    return std::make_unique<DfCommand>();
}

}  // namespace linnet
