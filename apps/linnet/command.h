// A command of the program: one file, one row. To add `linnet pull MODEL`:
//
//  1. apps/linnet/commands/pull.cc: a class Pull : public Command, in an unnamed namespace, whose
//     declare() names what it takes (syntax.h) and whose run() does it; and, outside of that,
//     std::unique_ptr<Command> pull_command() { return std::make_unique<Pull>(); }
//  2. apps/linnet/commands.cc: one line declares pull_command(), one row puts it into the table.
//     A name of two words ("config set") is a subcommand; the group's own line is in groups().
//  3. docs/schema/pull.schema.json: what --json writes ("config set": config-set.schema.json). Each
//     document is one object; `error` is allowed in all of them and need not be named.
//  4. apps/linnet/commands/pull_test.cc: runs the built program (testing/process.h). Call
//     expect_document("pull", run) on real output: a leaf whose schema is never checked fails.
//
// run() writes the result by both output.print()/table() and output.document(): --json decides
// which comes out. It returns the error that ends it; base/code.h gives the exit code. It looks at
// `cancel` often: Ctrl-C, SIGTERM, --timeout and a reader that went away all set it, and the frame
// says which. Help, man page, completion and usage errors (exit 2) come from declare().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/result.h"
#include "linnet/environment.h"
#include "linnet/output.h"
#include "linnet/settings.h"
#include "linnet/syntax.h"

namespace linnet {

// All that a command may touch of the outside world, besides what it opens itself.
struct Context {
    const Settings& settings;
    const Environment& environment;
    const Paths& paths;
    Output& output;
    Progress& progress;
    Log log;
    Clock& clock;
    Cancel& cancel;
    std::optional<double> deadline_s;        // of clock.now_s(), by --timeout
    std::optional<std::string> config_file;  // --config, already part of the settings
};

class Command {
  public:
    virtual ~Command() = default;
    virtual void declare(Syntax&) {}
    virtual Result<> run(Context& context) = 0;
    // False for what must work although a configuration file is broken; such a command sees the
    // built-in values, LINNET_* and flags only.
    virtual bool reads_settings() const { return true; }
};

enum class Group { Use, Models, Shape, Know, More, Hidden };

struct CommandRow {
    std::string_view name;
    Group group;
    std::string_view summary;  // one line, no period
    std::unique_ptr<Command> (*make)();
};

struct GroupRow {
    std::string_view name;  // the first word of two-word commands
    Group group;
    std::string_view summary;
};

// The program: a visible list, in the order in which help shows it.
std::span<const CommandRow> command_table();
std::span<const GroupRow> command_groups();

}  // namespace linnet
