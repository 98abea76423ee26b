#include "store/intake.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace linnet {

Result<FileStamp> stamp_of(const Path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return system_error(errno, "read", path);
    if (!S_ISREG(info.st_mode))
        return Error{Code::Usage, cat(path, " is no file"), "name a model file or its folder"};
    return FileStamp{info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size),
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

static Error cannot_link(int error_number, const Path& file, const Path& blob) {
    constexpr std::string_view instead = "leave out --link, and it is copied";
    if (error_number == EXDEV)
        return {Code::Unsupported, cat(file, " lies on another file system than the store"),
                std::string(instead)};
    if (error_number == EPERM)
        return {Code::Policy,
                cat(file,
                    " may not be linked: it is somebody else's, or its file "
                    "system has no links"),
                std::string(instead)};
    return system_error(error_number, "link", blob).advise(instead);
}

Result<> link_blob(const Path& file, const FileStamp& stamp, const Path& blob) {
    // Under another name first: nothing is a blob before it is known to be right.
    Path making = cat(blob.string(), ".", ::getpid(), ".tmp");
    ::unlink(making.c_str());
    if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, making.c_str(), AT_SYMLINK_FOLLOW) != 0)
        return cannot_link(errno, file, blob);
    auto linked = [&]() -> Result<> {
        if (::chmod(making.c_str(), 0444) != 0) return cannot_link(errno, file, blob);
        // Whoever wrote the file may not have seen to it that it is on the disk.
        Descriptor written(::open(making.c_str(), O_RDONLY | O_CLOEXEC));
        if (written.get() < 0 || ::fsync(written.get()) != 0)
            return system_error(errno, "sync", file);
        if (TRY(stamp_of(making)) != stamp)
            return Error{Code::Busy, cat(file, " was changed while it was imported"),
                         "import it again when nobody writes to it"};
        return rename_durable(making, blob);
    }();
    // Two names of one file renamed onto each other both stay.
    ::unlink(making.c_str());
    return linked;
}

}  // namespace linnet
