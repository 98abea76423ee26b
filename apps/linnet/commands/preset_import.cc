// linnet preset import: a Modelfile of Ollama's as a preset.
#include "base/text.h"
#include "linnet/modelfile.h"
#include "linnet/models.h"
#include "linnet/store_access.h"
#include "store/name.h"

namespace linnet {
namespace {

class PresetImportCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("FILE", &file_, "a Modelfile").required().completes(Complete::File);
        syntax.option("--name", &name_, "NAME", "what to call it; else like its model");
        syntax.flag("--force", force_, "replace a preset of that name");
        syntax.about(
            "FROM, PARAMETER, SYSTEM and MESSAGE mean the same. TEMPLATE is in Go's language: "
            "where "
            "it is of a form that linnet has by name, that one is used; otherwise it is refused.");
    }

    Result<> run(Context& context) override {
        Path path = expand_home(file_, context.paths.home);
        auto parsed = parse_modelfile(TRY(read_file(path, Preset::file_bytes_max)));
        if (!parsed) return std::move(parsed).error().within(cat(path));
        for (const std::string& warning : parsed->warnings)
            context.output.warn(cat(path, ": ", warning));
        Preset& preset = parsed->preset;
        std::string named =
            name_.empty() ? make_model_name(Path(preset.model).stem().string()) : name_;
        if (named.empty())
            return Error{Code::Usage, cat(path, " gives no name for the preset"), "--name NAME"};
        preset.name = TRY(parse_model_name(named));
        if (TRY(is_name_of_model(context, preset.name)))
            return Error{Code::Usage, cat("'", preset.name, "' is the name of a model"),
                         "choose another one: --name NAME"};
        Store store = TRY(open_store(context));
        settle_model(context, store, path, preset);
        for (std::string& adapter : preset.lora) settle_adapter(context, path, adapter);
        TRY(save_preset(context.paths, preset, force_));
        context.output.line(cat("Imported ", preset.name));
        Json warnings = Json::array();
        for (const std::string& warning : parsed->warnings) warnings.push(warning);
        context.output.document(
            Json::object({{"name", preset.name},
                          {"path", preset_path(context.paths, preset.name).string()},
                          {"model", preset.model},
                          {"warnings", std::move(warnings)}}));
        return Done{};
    }

  private:
    // FROM is a path beside the file, or a name of Ollama's.
    static void settle_model(Context& context, const Store& store, const Path& path,
                             Preset& preset) {
        std::error_code ignored;
        Path beside = std::filesystem::absolute(path, ignored).parent_path() / preset.model;
        if (std::filesystem::exists(beside, ignored)) {
            preset.model = beside.lexically_normal().string();
            return;
        }
        std::string theirs = cat("ollama:", preset.model);
        if (store.resolve(theirs)) {
            preset.model = theirs;
        } else if (!store.resolve(preset.model)) {
            context.output.warn(
                cat("the model ", printable(preset.model, 200), " is not on this machine"));
        }
    }

    static void settle_adapter(Context& context, const Path& path, std::string& adapter) {
        std::error_code ignored;
        Path beside = std::filesystem::absolute(path, ignored).parent_path() /
                      expand_home(adapter, context.paths.home);
        if (std::filesystem::exists(beside, ignored))
            adapter = beside.lexically_normal().string();
        else
            context.output.warn(
                cat("the adapter ", printable(adapter, 200), " is not on this machine"));
    }

    std::string file_, name_;
    bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> preset_import_command() {
    return std::make_unique<PresetImportCommand>();
}

}  // namespace linnet
