// Lines that were entered before, oldest first, kept in a file that only its owner can read.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace linnet {

class History {
  public:
    static constexpr size_t entries_max = 1000;
    static constexpr size_t entry_bytes_max = 10'000;  // longer ones are not kept

    History() = default;  // in memory alone
    // A file that is absent is an empty history; a damaged line is left out.
    static Result<History> open(const Path& path);

    // Leaves out empty lines and repetitions of the last one.
    Result<> add(const std::string& line);
    const std::vector<std::string>& entries() const { return entries_; }

  private:
    Path path_;
    std::vector<std::string> entries_;
};

}  // namespace linnet
