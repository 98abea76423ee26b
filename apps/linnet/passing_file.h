// A file that is only needed for a while.
#pragma once

#include <filesystem>

#include "base/file.h"

namespace linnet {

// Removes it.
class PassingFile {
  public:
    explicit PassingFile(Path path) : path_(std::move(path)) {}
    ~PassingFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    PassingFile(const PassingFile&) = delete;
    PassingFile& operator=(const PassingFile&) = delete;
    const Path& path() const { return path_; }

  private:
    Path path_;
};

}  // namespace linnet
