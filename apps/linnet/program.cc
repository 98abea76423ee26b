#include "linnet/program.h"

#include <algorithm>
#include <csignal>
#include <exception>

#include "base/code.h"
#include "base/text.h"
#include "linnet/help.h"
#include "linnet/leaf.h"
#include "linnet/settings_load.h"
#include "linnet/signals.h"
#include "linnet/terminal_progress.h"
#include "linnet/version.h"

namespace linnet {
namespace {

// Looked for before anything is parsed, so that an error about the rest comes out in the right form
// and help is given for whatever else was written.
bool given(std::span<const std::string> words, std::string_view name, std::string_view other = "") {
    auto end = std::ranges::find(words, "--");
    return std::find_if(words.begin(), end, [&](const std::string& word) {
               return word == name || word == other;
           }) != end;
}

Result<Log> open_log(const Settings& settings, const Paths& paths) {
    LogLevel level = TRY(parse_log_level(settings.text("log.level")));
    LogFormat format = settings.text("log.format") == "json" ? LogFormat::Json : LogFormat::Text;
    const std::string& file = settings.text("log.file");
    if (file.empty()) return Log::to_stderr(level, format);
    return Log::to_file(expand_home(file, paths.home), level, format);
}

Error first_of(std::vector<Error> errors) {
    Error first = std::move(errors.front());
    if (errors.size() > 1) {
        first.what += cat(" (and ", errors.size() - 1, " more)");
        first.next = "linnet config validate lists them all";
    }
    return first;
}

Result<> run_leaf(const CommandRow& row, std::span<const std::string> words,
                  const Environment& environment, Output& output, Cancel& cancel,
                  Signals& signals) {
    Leaf leaf(row);
    if (auto parsed = leaf.syntax.parse(words); !parsed) {
        Error error = std::move(parsed).error();
        if (error.next.empty()) error.next = cat("linnet ", row.name, " --help");
        return error;
    }
    output.configure({.json = leaf.globals.json, .quiet = leaf.globals.quiet});
    SystemClock clock;
    std::optional<double> deadline_s;
    if (leaf.globals.timeout_s) {
        deadline_s = clock.now_s() + *leaf.globals.timeout_s;
        signals.time_out_after(*leaf.globals.timeout_s);
    }
    Paths paths = find_paths(environment);
    LoadedSettings loaded = load_settings({.environment = environment,
                                           .paths = paths,
                                           .file = leaf.globals.config,
                                           .read_files = leaf.command->reads_settings()});
    if (!loaded.errors.empty()) return first_of(std::move(loaded.errors));
    for (const std::string& warning : loaded.warnings) output.warn(warning);
    for (const auto& [key, text, flag] : leaf.syntax.given_settings())
        loaded.settings.set(key, TRY(parse_setting(*find_setting(key), text)), {Layer::Flag, flag});
    output.configure({.json = leaf.globals.json,
                      .quiet = leaf.globals.quiet,
                      .color = TRY(parse_color_mode(loaded.settings.text("output.color")))});
    TerminalProgress progress(output, clock);
    Context context{.settings = loaded.settings,
                    .environment = environment,
                    .paths = paths,
                    .output = output,
                    .progress = progress,
                    .log = TRY(open_log(loaded.settings, paths)),
                    .clock = clock,
                    .cancel = cancel,
                    .deadline_s = deadline_s,
                    .config_file = leaf.globals.config};
    return leaf.command->run(context);
}

Result<> run_words(const Program& program, std::span<const std::string> words, Output& output,
                   Cancel& cancel, Signals& signals) {
    output.configure({.json = given(words, "--json")});
    if (given(words, "--version", "-V")) {
        output.line(version_line());
        output.document(version_document());
        return Done{};
    }
    Help help{program.commands, program.groups};
    auto route = find_route(words, program.commands, program.groups);
    if (given(words, "--help", "-h")) {
        Route found = route ? *std::move(route) : Route{};
        std::string text = found.row     ? help.of_command(*found.row)
                           : found.group ? help.of_group(*found.group)
                                         : help.of_program();
        output.print(text);
        output.document(Json::object({{"help", text}}));
        return Done{};
    }
    if (!route) return std::move(route).error();
    if (route->row)
        return run_leaf(*route->row, route->rest, program.environment, output, cancel, signals);
    if (route->group)
        return Error{Code::Usage, cat(route->group->name, " needs a subcommand"),
                     cat("linnet ", route->group->name, " --help")};
    if (!words.empty())
        return Error{Code::Usage, cat("no command in '", printable(words[0]), "…'"),
                     "linnet --help"};
    output.print(help.of_program());
    return Done{};
}

// Ctrl-C, a deadline and a reader that left all end a command as Interrupted; which was it?
int tell(Error error, Output& output, const Signals& signals) {
    if (error.code == Code::Interrupted && signals.timed_out())
        error = {Code::Timeout, "the time that --timeout allows is over"};
    output.error(error);
    if (error.code == Code::Interrupted && signals.received() != 0) return 128 + signals.received();
    return code_row(error.code).exit_code;
}

// Writes what is still held, tells the error, and gives the exit code.
int conclude(Result<> result, Output& output, const Signals& signals) {
    output.flush();
    int code = 0;
    if (!result && !output.write_failed()) code = tell(std::move(result).error(), output, signals);
    auto written = output.finish();
    if (output.reader_gone()) return 128 + SIGPIPE;
    return written ? code : tell(std::move(written).error(), output, signals);
}

}  // namespace

int Program::run(std::span<const std::string> words) const {
    Cancel cancel;
    Signals signals(cancel);
    Output output(stdout_fd, stderr_fd, environment, cancel);
    auto bug = [&](std::string_view what) {
        Error error{Code::Bug, cat("this is a bug in linnet: ", what),
                    "report it with the command that you gave"};
        return conclude(std::move(error), output, signals);
    };
    try {
        return conclude(run_words(*this, words, output, cancel, signals), output, signals);
    } catch (const std::exception& exception) {
        return bug(printable(exception.what()));
    } catch (...) {
        return bug("an exception of unknown type");
    }
}

}  // namespace linnet
