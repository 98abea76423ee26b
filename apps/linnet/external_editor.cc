#include "linnet/external_editor.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/text.h"
#include "linnet/input.h"
#include "linnet/signals.h"

namespace linnet {
namespace {

constexpr uint64_t text_bytes_max = 1'000'000;

// A file of its own that only its owner can read, gone in the end.
class PrivateFile {
  public:
    static Result<PrivateFile> create(const Path& folder) {
        std::string name = (folder / "linnet-message-XXXXXX.txt").string();
        Descriptor file(::mkstemps(name.data(), 4));
        if (file.get() < 0) return system_error(errno, "create", name);
        return PrivateFile(name);
    }
    PrivateFile(PrivateFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PrivateFile& operator=(PrivateFile&&) = delete;
    ~PrivateFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    const Path& path() const { return path_; }

  private:
    explicit PrivateFile(Path path) : path_(std::move(path)) {}
    Path path_;
};

// The variable may hold options too, so the shell takes it apart, as git and others do.
Result<> run_editor(Context& context, const std::string& editor, const Path& file) {
    std::string script = cat(editor, " \"$1\""), path = file.string();
    std::string shell = "sh", option = "-c";
    std::vector<char*> words = {shell.data(), option.data(), script.data(),
                                shell.data(), path.data(),   nullptr};
    std::vector<std::string> texts;
    for (const auto& [name, value] : context.environment.all())
        texts.push_back(cat(name, "=", value));
    std::vector<char*> variables;
    for (std::string& text : texts) variables.push_back(text.data());
    variables.push_back(nullptr);
    pid_t child = 0;
    int failed = ::posix_spawn(&child, "/bin/sh", nullptr, nullptr, words.data(), variables.data());
    if (failed != 0) return system_error(failed, "start", "/bin/sh");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Signals::forgive_interrupt(context.cancel);  // Ctrl-C was for the editor
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Done{};
    return Error{Code::Io, cat("the editor '", printable(editor, 100), "' did not end well"),
                 "set VISUAL or EDITOR to another one"};
}

}  // namespace

Result<std::string> edit_text(Context& context, std::string_view text) {
    if (!stdin_is_terminal() || !context.output.stdout_is_terminal())
        return Error{Code::Usage, "an editor needs a terminal"};
    auto editor = context.environment.get("VISUAL");
    if (!editor) editor = context.environment.get("EDITOR");
    std::error_code failed;
    Path folder = std::filesystem::temp_directory_path(failed);
    if (failed) return system_error(failed.value(), "use", "the folder for temporary files");
    PrivateFile file = TRY(PrivateFile::create(folder));
    // Not write_file_atomic(): that would make a file that others can read.
    FileWriter writer = TRY(FileWriter::open(file.path()));
    TRY(writer.append(as_bytes(text)));
    TRY(run_editor(context, editor.value_or("vi"), file.path()));
    std::string changed = TRY(read_file(file.path(), text_bytes_max));
    while (changed.ends_with('\n')) changed.pop_back();
    return changed;
}

}  // namespace linnet
