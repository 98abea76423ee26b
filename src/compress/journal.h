// What a long run has found out so far, in a file beside the one that it writes, so that a run that
// was broken off can be taken up again. A line of JSON for each thing that is known, written when
// it is known; a line that was cut short is dropped.
//
// The first line says what the run depends on: digests of what it reads, and its settings.
// Everything else is only true for these.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace linnet {

class Journal {
  public:
    enum class Begin { Anew, WhereItBrokeOff };
    // Anew, or where there is nothing to take up: an empty one. Usage where what is there is of
    // another run, BadInput where it is no journal, Busy while another process has it.
    static Result<Journal> open(const Path& path, const Json& run, Begin begin);

    // Null where it is not known yet.
    const Json* find(std::string_view kind, std::string_view name) const;
    Result<> add(std::string_view kind, std::string_view name, Json value);
    bool empty() const { return known_.empty(); }
    // Ends the run: the file goes.
    Result<> remove();

  private:
    Journal(Path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    Result<> read(const Json& run, std::string_view text);

    Path path_;
    FileLock lock_;
    std::optional<FileWriter> file_;
    std::map<std::string, Json, std::less<>> known_;  // by kind and name
};

}  // namespace linnet
