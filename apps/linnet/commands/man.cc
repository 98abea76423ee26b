#include "linnet/man.h"

#include "base/text.h"
#include "linnet/leaf.h"

namespace linnet {
namespace {

class ManCommand final : public Command {
  public:
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.about(
            "Prints the manual page of a command, or of the program, as roff. Packages install the "
            "pages, so that 'man linnet' shows them.");
        syntax.positional("COMMAND", &words_, "the command; none: the program")
            .completes(Complete::Command);
        syntax.option("--write", &folder_, "FOLDER", "write all pages into FOLDER instead")
            .completes(Complete::Folder);
        syntax.example("linnet man config set | man -l -", "read a page that is not installed");
    }

    Result<> run(Context& context) override {
        Manual manual{command_table(), command_groups()};
        if (folder_) return write_all(manual, context);
        ManPage page = TRY(find(manual));
        context.output.print(page.roff);
        context.output.document(
            Json::object({{"page", cat(page.name, ".1")}, {"roff", page.roff}}));
        if (context.output.stdout_is_terminal())
            context.output.note("to read it as a page: linnet man ... | man -l -");
        return Done{};
    }

  private:
    Result<ManPage> find(const Manual& manual) const {
        if (words_.empty()) return manual.of_program();
        Route route = TRY(find_route(words_, manual.commands, manual.groups));
        if (!route.rest.empty())
            return Error{Code::Usage,
                         cat("there is no command '", printable(join(words_, " ")), "'"),
                         "linnet help"};
        return route.row ? manual.of_command(*route.row) : manual.of_group(*route.group);
    }

    Result<> write_all(const Manual& manual, Context& context) const {
        TRY(make_folders(*folder_));
        Json written = Json::array();
        for (const ManPage& page : manual.all()) {
            Path path = Path(*folder_) / cat(page.name, ".1");
            TRY(write_file_atomic(path, page.roff));
            written.push(path.string());
        }
        context.output.note(cat(written.as_array()->size(), " pages written"));
        context.output.document(Json::object({{"written", written}}));
        return Done{};
    }

    std::vector<std::string> words_;
    std::optional<std::string> folder_;
};

}  // namespace

std::unique_ptr<Command> man_command() {
    return std::make_unique<ManCommand>();
}

}  // namespace linnet
