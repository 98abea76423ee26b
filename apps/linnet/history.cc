#include "linnet/history.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/json.h"
#include "base/text.h"

namespace linnet {

// One JSON string a line: line breaks in an entry stay one line of the file.
static Result<> write_private(const Path& path, std::string_view text, int flags) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
    if (file.get() < 0) return system_error(errno, "write", path);
    while (!text.empty()) {
        ssize_t wrote = ::write(file.get(), text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return system_error(errno, "write", path);
        text.remove_prefix(static_cast<size_t>(wrote));
    }
    return Done{};
}

Result<History> History::open(const Path& path) {
    History history;
    history.path_ = path;
    TRY(make_folders(path.parent_path()));
    auto text = read_file(path, 4 * entries_max * entry_bytes_max);
    if (!text && text.error().code == Code::NotFound) return history;
    if (!text) return std::move(text).error();
    size_t lines = 0;
    for (std::string_view line : split(*text, '\n')) {
        auto entry = Json::parse(line);
        if (!entry || !entry->is_string()) continue;
        history.entries_.push_back(*entry->as_string());
        lines++;
    }
    if (lines > entries_max) {
        history.entries_.erase(history.entries_.begin(), history.entries_.end() - entries_max);
        std::string kept;
        for (const std::string& entry : history.entries_) kept += cat(json_quote(entry), "\n");
        TRY(write_private(path, kept, O_TRUNC));
    }
    return history;
}

Result<> History::add(const std::string& line) {
    if (trim(line).empty() || line.size() > entry_bytes_max) return Done{};
    if (!entries_.empty() && entries_.back() == line) return Done{};
    entries_.push_back(line);
    if (entries_.size() > entries_max) entries_.erase(entries_.begin());
    if (path_.empty()) return Done{};
    return write_private(path_, cat(json_quote(line), "\n"), O_APPEND);
}

}  // namespace linnet
