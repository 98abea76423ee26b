// linnet list: the models on this machine.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class ListCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.flag("--catalog", catalog_, "list what can be pulled by name instead");
        syntax.about(
            "Models that Ollama, the Hugging Face hub and LM Studio keep on this machine are "
            "listed too, and used where they lie.");
    }

    Result<> run(Context& context) override {
        Store store = TRY(open_store(context));
        if (catalog_) return list_catalog(context.output, store);
        Listing listing = TRY(store.list());
        Table table{
            .header = {"NAME", "SIZE", "FROM", "ALSO CALLED"}, .rows = {}, .right = {false, true}};
        Json models = Json::array();
        for (const StoredModel& model : listing.models) {
            const Manifest& manifest = model.manifest;
            table.rows.push_back(
                {manifest.name, bytes_text(manifest.bytes()),
                 model.damaged ? "damaged: pull it again" : printable(manifest.source),
                 join(model.aliases, ", ")});
            Json aliases = Json::array();
            for (const std::string& alias : model.aliases) aliases.push(alias);
            models.push(Json::object({{"name", manifest.name},
                                      {"store", "linnet"},
                                      {"bytes", manifest.bytes()},
                                      {"path", model.path.string()},
                                      {"damaged", model.damaged},
                                      {"source", manifest.source},
                                      {"license", manifest.licence},
                                      {"aliases", std::move(aliases)}}));
        }
        for (const ForeignModel& model : listing.foreign) {
            table.rows.push_back({printable(model.name), bytes_text(model.bytes),
                                  std::string(model_store_name(model.store)), ""});
            models.push(Json::object({{"name", model.name},
                                      {"store", model_store_name(model.store)},
                                      {"bytes", model.bytes},
                                      {"path", model.path.string()},
                                      {"damaged", false},
                                      {"source", ""},
                                      {"license", ""},
                                      {"aliases", Json::array()}}));
        }
        for (const std::string& problem : listing.problems) context.output.warn(problem);
        if (table.rows.empty())
            context.output.line(
                "There are no models yet. Get the default one: linnet pull default");
        else
            context.output.table(table);
        context.output.document(Json::object({{"models", std::move(models)}}));
        return Done{};
    }

  private:
    static Result<> list_catalog(Output& output, const Store& store) {
        Table table{
            .header = {"NAME", "SIZE", "LICENSE", "WHAT"}, .rows = {}, .right = {false, true}};
        Json models = Json::array();
        for (const CatalogEntry& entry : store.catalog().entries()) {
            table.rows.push_back({entry.name, bytes_text(entry.bytes()), printable(entry.licence),
                                  printable(entry.title)});
            models.push(Json::object({{"name", entry.name},
                                      {"store", "catalog"},
                                      {"bytes", entry.bytes()},
                                      {"path", ""},
                                      {"damaged", false},
                                      {"source", entry.sources.empty() ? "" : entry.sources[0]},
                                      {"license", entry.licence},
                                      {"aliases", Json::array()}}));
        }
        output.table(table);
        output.document(Json::object({{"models", std::move(models)}}));
        return Done{};
    }

    bool catalog_ = false;
};

}  // namespace

std::unique_ptr<Command> list_command() {
    return std::make_unique<ListCommand>();
}

}  // namespace linnet
