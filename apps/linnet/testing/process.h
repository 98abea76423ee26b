// Runs the built program as a user would, and takes what comes out.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace linnet::testing {

struct Ran {
    int exit_code = -1;  // 128 + signal where one ended it; 124 where the time-out did
    std::string out, err;
};

struct RunOptions {
    std::map<std::string, std::string> environment{};  // besides PATH and what RunFolder sets
    std::string input{};
    Path folder{};           // working folder; empty: the RunFolder's
    double timeout_s = 120;  // generous: sanitizers and loaded machines
    int signal = 0;          // sent once `signal_when` has come out on stdout or stderr
    std::string signal_when{};
    bool close_stdout_early = false;  // the reader goes away at once, as `| head -0` does
    Path stdout_file{};               // in place of the pipe
};

// The program built beside the tests: LINNET_BINARY.
Path linnet_binary();

// A home of its own, so that no test sees the tester's files or another test's.
class RunFolder {
  public:
    RunFolder();
    ~RunFolder();
    const Path& path() const { return path_; }
    Path home() const { return path_ / "home"; }
    Path config_file() const { return home() / ".config/linnet/config.toml"; }
    Path system_config() const { return path_ / "etc"; }
    // `linnet arguments...` in the folder.
    Ran run(const std::vector<std::string>& arguments, const RunOptions& options = {}) const;
    // Any other program, found in PATH.
    Ran run_program(const std::vector<std::string>& command, const RunOptions& options = {}) const;
    void write(const Path& relative, std::string_view text) const;
    std::string read(const Path& relative) const;
    // What run() adds to the environment; terminal tests start programs with it too.
    std::map<std::string, std::string> environment() const;

  private:
    Path path_;
};

// docs/schema/config-set.schema.json of "config set".
Path schema_file(std::string_view leaf);
// The leaves of which a document that is more than an error was checked.
std::set<std::string>& documents_checked();

// The document that --json wrote, after checking it against docs/schema/<leaf>.schema.json.
void expect_document(std::string_view leaf, const Ran& run);

}  // namespace linnet::testing
