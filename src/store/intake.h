// How a file of this machine becomes a blob: copied (pull does that as it downloads), or linked,
// which takes no space: the file and the blob are then one, and read-only.
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/result.h"

namespace linnet {

enum class Intake { Copy, Link };

// What tells that a file is still the one that was hashed.
struct FileStamp {
    uint64_t device = 0, inode = 0, bytes = 0;
    int64_t changed_s = 0, changed_ns = 0;

    bool operator==(const FileStamp&) const = default;
};

// Of what the path leads to, symbolic links followed.
Result<FileStamp> stamp_of(const Path& path);

// Gives the file a second, read-only name. Busy where it is not as it was; Unsupported where the
// name would lie on another file system; Policy where the file belongs to somebody else.
Result<> link_blob(const Path& file, const FileStamp& stamp, const Path& blob);

}  // namespace linnet
