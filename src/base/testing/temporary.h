// A folder for one test, gone with it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace linnet::testing {

class TemporaryFolder {
  public:
    explicit TemporaryFolder(const Path& parent = std::filesystem::temp_directory_path()) {
        std::string name = (parent / "linnet-test-XXXXXX").string();
        check(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const Path& path() const { return path_; }

  private:
    Path path_;
};

}  // namespace linnet::testing
