// linnet import: brings a model of this machine into the store.
#include "base/text.h"
#include "linnet/store_access.h"
#include "store/source.h"

namespace linnet {
namespace {

class ImportCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .positional("PATH", &path_,
                        "a GGUF file, the first part of a split one, or a Hugging Face folder")
            .required()
            .completes(Complete::File);
        syntax.option("--name", &name_, "NAME", "the name to give it; else its own");
        syntax.flag("--link", link_, "take no space: the file and the store share it, read-only");
        syntax.about(
            "Files are copied (where the file system can, without taking space), and the originals "
            "are left alone. With --link they stay where they are, get a second name in the store "
            "and become read-only; that needs the same file system. Importing a path again brings "
            "what has changed there.");
        syntax.example("linnet import ./model.gguf --name mine", "a copy, known as mine");
        syntax.example("linnet import ./Qwen3-0.6B --link", "a folder, without a copy");
    }

    Result<> run(Context& context) override {
        Path path = TRY(model_path(context));
        Store store = TRY(open_store(context));
        PullRequest request{.what = source_text(FileSource{path}), .name = name_};
        request.intake = link_ ? Intake::Link : Intake::Copy;
        request.again = true;
        PullReport report = TRY(pull_model(context, store, std::move(request)));
        const Manifest& manifest = report.model.manifest;
        std::string size = bytes_text(manifest.bytes());
        context.output.line(report.already_there
                                ? cat(manifest.name, " is there already (", size, ")")
                                : cat("Imported ", manifest.name, " (", size, ")"));
        context.output.document(Json::object({{"name", manifest.name},
                                              {"path", report.model.path.string()},
                                              {"bytes", manifest.bytes()},
                                              {"files", manifest.files.size()},
                                              {"source", manifest.source},
                                              {"linked", is_linked(path, report.model)},
                                              {"already_there", report.already_there}}));
        return Done{};
    }

  private:
    // Bytes that the store had before are not linked once more.
    static bool is_linked(const Path& path, const StoredModel& model) {
        std::error_code ignored;
        Path file = model.manifest.files[0].path;
        auto within = [&](const Path& place) {
            return std::filesystem::is_directory(place, ignored) ? place / file : place;
        };
        return std::filesystem::equivalent(within(path), within(model.path), ignored);
    }

    Result<Path> model_path(const Context& context) const {
        std::string text = path_;
        if (lower(text.substr(0, 5)) == "file:") {
            Source source = TRY(parse_source(text));
            text = std::get<FileSource>(source).path.string();
        } else if (has_source_scheme(text)) {
            return Error{Code::Usage, cat(printable(text, 300), " is not on this machine"),
                         cat("linnet pull ", printable(text, 300))};
        }
        Path path = expand_home(text, context.paths.home);
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored))
            return Error{Code::NotFound, cat("there is no file or folder ", path),
                         "check the path; linnet pull brings models from elsewhere"};
        if (lower(path.extension().string()) == ".safetensors")
            return Error{Code::Usage,
                         cat(path, " holds the weights only, without settings and tokenizer"),
                         "import the folder that it lies in"};
        return path;
    }

    std::string path_, name_;
    bool link_ = false;
};

}  // namespace

std::unique_ptr<Command> import_command() {
    return std::make_unique<ImportCommand>();
}

}  // namespace linnet
