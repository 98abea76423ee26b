#include "compress/journal.h"

#include "base/text.h"

namespace linnet {
namespace {

constexpr uint64_t journal_bytes_max = uint64_t{1} << 30;

std::string key_of(std::string_view kind, std::string_view name) {
    return cat(kind, ' ', name);
}

std::string line_of(std::string_view kind, std::string_view name, Json value) {
    return Json::object({{"kind", kind}, {"name", name}, {"value", std::move(value)}}).dump() +
           "\n";
}

Error other_run(const Path& path) {
    return Error{Code::Usage,
                 cat(path, " is of a run with another model, other texts or other settings"),
                 "repeat that run's command with --resume, or leave --resume out to begin anew"};
}

}  // namespace

Result<Journal> Journal::open(const Path& path, const Json& run, Begin begin) {
    auto lock = TRY(FileLock::attempt(path));
    if (!lock)
        return Error{Code::Busy, cat("another process writes ", path),
                     "wait until it ends, or write to another file"};
    Journal out(path, std::move(*lock));
    uint64_t keep = 0;
    if (begin == Begin::WhereItBrokeOff) {
        const std::string text = TRY(read_file(path, journal_bytes_max));
        keep = text.rfind('\n') + 1;  // 0 where no line is whole
        TRY(out.read(run, std::string_view(text).substr(0, keep)));
    }
    out.file_ = TRY(FileWriter::open(path, keep));
    if (keep == 0) TRY(out.file_->append(as_bytes(line_of("run", "", run))));
    return out;
}

Result<> Journal::read(const Json& run, std::string_view text) {
    for (bool first = true; !text.empty(); first = false) {
        const size_t end = text.find('\n');
        auto line = Json::parse(text.substr(0, end));
        text.remove_prefix(end + 1);
        const Json* kind = line ? line->find("kind") : nullptr;
        const Json* name = line ? line->find("name") : nullptr;
        const Json* value = line ? line->find("value") : nullptr;
        if (!kind || !kind->as_string() || !name || !name->as_string() || !value)
            return Error{Code::BadInput, cat(path_, " is damaged or no journal of a run"),
                         "leave --resume out to begin anew"};
        if (first && (*kind->as_string() != "run" || value->dump() != run.dump()))
            return other_run(path_);
        if (!first) known_[key_of(*kind->as_string(), *name->as_string())] = *value;
    }
    return Done{};
}

const Json* Journal::find(std::string_view kind, std::string_view name) const {
    auto at = known_.find(key_of(kind, name));
    return at == known_.end() ? nullptr : &at->second;
}

Result<> Journal::add(std::string_view kind, std::string_view name, Json value) {
    TRY(file_->append(as_bytes(line_of(kind, name, value))));
    known_[key_of(kind, name)] = std::move(value);
    return Done{};
}

Result<> Journal::remove() {
    file_.reset();
    std::error_code failed;
    std::filesystem::remove(path_, failed);
    if (failed) return system_error(failed.value(), "removing", path_);
    return Done{};
}

}  // namespace linnet
