#include "linnet/testing/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/testing/data.h"
#include "base/text.h"
#include "linnet/testing/schema.h"

namespace linnet::testing {
namespace {

double now_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Pipe {
    Pipe() { check(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made"); }
    ~Pipe() {
        close(0);
        close(1);
    }
    void close(int end) {
        if (ends[end] >= 0) ::close(std::exchange(ends[end], -1));
    }
    int ends[2];
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

int exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Reads and writes until the child is done with its pipes.
class Conversation {
  public:
    Conversation(pid_t child, const RunOptions& options, Pipe& in, Pipe& out, Pipe& err, Ran& run)
        : child_(child), options_(options), in_(in), out_(out), err_(err), run_(run) {}

    void hold() {
        double end_s = now_s() + options_.timeout_s;
        if (options_.close_stdout_early) out_.close(0);
        while (out_.ends[0] >= 0 || err_.ends[0] >= 0) {
            double left_s = end_s - now_s();
            if (left_s <= 0) return stop();
            step(static_cast<int>(left_s * 1000) + 1);
        }
    }

  private:
    void stop() {
        ::kill(child_, SIGKILL);
        timed_out = true;
        out_.close(0);
        err_.close(0);
    }

    void step(int wait_ms) {
        if (sent_ == options_.input.size()) in_.close(1);
        pollfd events[] = {
            {in_.ends[1], POLLOUT, 0}, {out_.ends[0], POLLIN, 0}, {err_.ends[0], POLLIN, 0}};
        ::poll(events, 3, wait_ms);
        if (events[0].revents) {
            ssize_t wrote =
                ::write(in_.ends[1], options_.input.data() + sent_, options_.input.size() - sent_);
            if (wrote < 0)
                in_.close(1);
            else
                sent_ += static_cast<size_t>(wrote);
        }
        if (events[1].revents) read(out_, run_.out);
        if (events[2].revents) read(err_, run_.err);
        bool seen = (run_.out + run_.err).find(options_.signal_when) != std::string::npos;
        if (options_.signal != 0 && !signalled_ && seen) {
            signalled_ = true;
            ::kill(child_, options_.signal);
        }
    }

    void read(Pipe& pipe, std::string& into) {
        char buffer[65536];
        ssize_t count = ::read(pipe.ends[0], buffer, sizeof buffer);
        if (count <= 0)
            pipe.close(0);
        else
            into.append(buffer, static_cast<size_t>(count));
    }

    pid_t child_;
    const RunOptions& options_;
    Pipe &in_, &out_, &err_;
    Ran& run_;
    size_t sent_ = 0;
    bool signalled_ = false;

  public:
    bool timed_out = false;
};

Ran run_process(std::vector<std::string> command, const RunOptions& options,
                const std::map<std::string, std::string>& environment, const Path& folder) {
    ::signal(SIGPIPE, SIG_IGN);  // a child that ends early must not end the tests
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    auto argv = pointers(command);
    auto envp = pointers(variables);
    Pipe in, out, err;
    Descriptor file;
    if (!options.stdout_file.empty())
        file =
            Descriptor(::open(options.stdout_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    pid_t child = ::fork();
    check(child >= 0, "a process can be started");
    if (child == 0) {
        ::dup2(in.ends[0], 0);
        ::dup2(file.get() >= 0 ? file.get() : out.ends[1], 1);
        ::dup2(err.ends[1], 2);
        ::signal(SIGPIPE, SIG_DFL);
        if (::chdir(folder.c_str()) != 0) ::_exit(126);
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    in.close(0);
    out.close(1);
    err.close(1);
    ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
    Ran run;
    Conversation conversation(child, options, in, out, err, run);
    conversation.hold();
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    run.exit_code = conversation.timed_out ? 124 : exit_code(status);
    return run;
}

}  // namespace

Path linnet_binary() {
    const char* set = std::getenv("LINNET_BINARY");
    check(set != nullptr, "LINNET_BINARY names the program; ctest sets it");
    return set;
}

RunFolder::RunFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "linnet-run-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
    path_ = name;
    std::filesystem::create_directories(home());
    std::filesystem::create_directories(path_ / "work");
}

RunFolder::~RunFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::map<std::string, std::string> RunFolder::environment() const {
    std::map<std::string, std::string> out = {
        {"HOME", home().string()},
        {"LINNET_SYSTEM_CONFIG", system_config().string()},
        {"TERM", "xterm-256color"},
        {"LC_ALL", "C.UTF-8"},
    };
    for (const char* kept : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"})
        if (const char* value = std::getenv(kept)) out[kept] = value;
    return out;
}

Ran RunFolder::run_program(const std::vector<std::string>& command,
                           const RunOptions& options) const {
    auto variables = environment();
    for (const auto& [name, value] : options.environment) variables[name] = value;
    return run_process(command, options, variables,
                       options.folder.empty() ? path_ / "work" : options.folder);
}

Ran RunFolder::run(const std::vector<std::string>& arguments, const RunOptions& options) const {
    std::vector<std::string> command = {linnet_binary().string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_program(command, options);
}

void RunFolder::write(const Path& relative, std::string_view text) const {
    Path path = path_ / relative;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::string RunFolder::read(const Path& relative) const {
    std::ifstream file(path_ / relative, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Path schema_file(std::string_view leaf) {
    return source_folder() / "docs/schema" /
           cat(replace_all(std::string(leaf), " ", "-"), ".schema.json");
}

std::set<std::string>& documents_checked() {
    static std::set<std::string> leaves;
    return leaves;
}

void expect_document(std::string_view leaf, const Ran& run) {
    SCOPED_TRACE(cat("linnet ", leaf, " --json wrote: ", run.out, run.err));
    Path path = schema_file(leaf);
    auto text = read_file(path, 1'000'000);
    ASSERT_TRUE(text) << text.error().what;
    auto schema = Json::parse(*text);
    ASSERT_TRUE(schema) << path << ": " << schema.error().what;
    ASSERT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 1) << "not one line";
    auto document = Json::parse(run.out);
    ASSERT_TRUE(document) << document.error().what;
    for (const std::string& wrong : schema_errors(*schema, *document)) ADD_FAILURE() << wrong;
    bool only_error = document->find("error") && document->as_object()->size() == 1;
    if (!only_error) documents_checked().insert(std::string(leaf));
}

}  // namespace linnet::testing
