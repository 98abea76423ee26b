#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/cancel.h"
#include "base/text.h"

namespace linnet {

Error system_error(int error_number, std::string_view doing, const Path& path) {
    auto sentence = [&](std::string_view why) {
        return cat("cannot ", doing, " ", path, ": ", why);
    };
    switch (error_number) {
        case ENOENT:
            return {Code::NotFound, sentence("no such file or folder")};
        case EACCES:
        case EPERM:
        case EROFS:
            return {Code::Policy, sentence(std::strerror(error_number)),
                    "check the owner and permissions, or name another place"};
        case ENOSPC:
        case EDQUOT:
            return {Code::NoFit, sentence("the disk is full"), "free some space and try again"};
        case EFBIG:
            return {Code::NoFit, sentence("larger than files may be here"),
                    "raise the limit (ulimit -f), or use another file system"};
        case ENXIO:  // a FIFO or a socket
            return {Code::BadInput, sentence("it is not a regular file")};
        case EISDIR:
            return {Code::BadInput, sentence("it is a folder, not a file")};
        case EMFILE:
        case ENFILE:
            return {Code::Busy, sentence("too many open files")};
        case ENOMEM:
            return {Code::NoFit, sentence("not enough memory")};
        default:
            return {Code::Io, sentence(std::strerror(error_number))};
    }
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

static Result<Descriptor> open_descriptor(const Path& path, int flags, std::string_view doing) {
    int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd < 0) return system_error(errno, doing, path);
    return Descriptor(fd);
}

// Opened with O_NONBLOCK, a FIFO named by mistake does not hang; here it is refused.
static Result<struct stat> examine(const Descriptor& descriptor, std::string_view doing,
                                   const Path& path) {
    struct stat info{};
    if (::fstat(descriptor.get(), &info) != 0) return system_error(errno, doing, path);
    if (S_ISDIR(info.st_mode)) return system_error(EISDIR, doing, path);
    return info;
}

static Error not_regular(std::string_view doing, const Path& path) {
    return {Code::BadInput, cat("cannot ", doing, " ", path, ": it is not a regular file")};
}

struct MappedFile::Mapping {
    Path path;
    void* address = nullptr;
    size_t length = 0;

    ~Mapping() {
        if (length > 0) ::munmap(address, length);
    }
};

Result<MappedFile> MappedFile::open(const Path& path) {
    Descriptor descriptor = TRY(open_descriptor(path, O_RDONLY | O_NONBLOCK, "read"));
    struct stat info = TRY(examine(descriptor, "read", path));
    if (!S_ISREG(info.st_mode)) return not_regular("read", path);
    auto mapping = std::make_shared<Mapping>();
    mapping->path = path;
    if (info.st_size > 0) {
        auto length = static_cast<size_t>(info.st_size);
        void* address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor.get(), 0);
        if (address == MAP_FAILED) return system_error(errno, "map", path);
        mapping->address = address;
        mapping->length = length;
    }
    return MappedFile(std::move(mapping));
}

Bytes MappedFile::bytes() const {
    return {static_cast<const std::byte*>(mapping_->address), mapping_->length};
}

const Path& MappedFile::path() const {
    return mapping_->path;
}

static uint64_t page_size() {
    return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void will_need(Bytes mapped) {
    auto first = reinterpret_cast<uintptr_t>(mapped.data()), end = first + mapped.size();
    first &= ~(page_size() - 1);
    if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_WILLNEED);
}

static Bytes part_of(Bytes bytes, uint64_t offset, uint64_t length) {
    check(offset <= bytes.size() && length <= bytes.size() - offset, "advice within the mapping");
    return bytes.subspan(offset, length);
}

void MappedFile::will_need(uint64_t offset, uint64_t length) const {
    linnet::will_need(part_of(bytes(), offset, length));
}

void MappedFile::done_with(uint64_t offset, uint64_t length) const {
    const Bytes part = part_of(bytes(), offset, length);
    // A page shared with a neighbour is not dropped.
    const uint64_t page = page_size(), first = *checked_align(offset, page);
    uint64_t end = offset + part.size();
    if (end != bytes().size()) end &= ~(page - 1);
    if (first < end)
        ::madvise(const_cast<std::byte*>(bytes().data()) + first, end - first, MADV_DONTNEED);
}

Result<std::string> read_file(const Path& path, uint64_t bytes_max) {
    Descriptor descriptor = TRY(open_descriptor(path, O_RDONLY | O_NONBLOCK, "read"));
    struct stat info = TRY(examine(descriptor, "read", path));
    // /dev/null stands for "no such settings" in many tools.
    if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) return not_regular("read", path);
    std::string out;
    char chunk[65536];
    for (;;) {
        ssize_t got = ::read(descriptor.get(), chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", path);
        if (got == 0) return out;
        out.append(chunk, static_cast<size_t>(got));
        if (out.size() > bytes_max)
            return Error{Code::BadInput, cat(path, " is larger than the ", bytes_text(bytes_max),
                                             " allowed for such a file")};
    }
}

static Result<> sync_folder(const Path& folder) {
    Descriptor descriptor =
        TRY(open_descriptor(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY, "sync"));
    // Some file systems cannot sync a folder and say EINVAL; nothing more can be done there.
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL)
        return system_error(errno, "sync", folder);
    return Done{};
}

Result<> rename_durable(const Path& from, const Path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error(errno, "rename to", to);
    return sync_folder(to.parent_path());
}

Result<> write_file_atomic(const Path& path, std::string_view bytes) {
    // Process, thread and time keep writers apart, also those of two containers that share a
    // folder; the last rename wins whole.
    auto now = std::chrono::system_clock::now().time_since_epoch().count();
    Path temporary =
        cat(path.string(), ".", ::getpid(), ".", ::syscall(SYS_gettid), ".", now, ".tmp");
    struct stat old{};
    bool existed = ::stat(path.c_str(), &old) == 0;
    if (existed && !S_ISREG(old.st_mode))
        return S_ISDIR(old.st_mode) ? system_error(EISDIR, "write", path)
                                    : not_regular("write", path);
    auto written = [&]() -> Result<> {
        FileWriter writer = TRY(FileWriter::open(temporary));
        // What was readable for its owner only stays so.
        if (existed && ::chmod(temporary.c_str(), old.st_mode & 07777) != 0)
            return system_error(errno, "write", path);
        TRY(writer.append(as_bytes(bytes)));
        TRY(writer.sync());
        return rename_durable(temporary, path);
    }();
    if (!written) ::unlink(temporary.c_str());
    return written;
}

Result<FileWriter> FileWriter::open(const Path& path, uint64_t keep) {
    FileWriter writer;
    writer.descriptor_ = TRY(open_descriptor(path, O_WRONLY | O_CREAT | O_NONBLOCK, "write"));
    writer.path_ = path;
    int fd = writer.descriptor_.get();
    struct stat info = TRY(examine(writer.descriptor_, "write", path));
    if (!S_ISREG(info.st_mode)) return not_regular("write", path);
    if (::ftruncate(fd, static_cast<off_t>(keep)) != 0) return system_error(errno, "write", path);
    if (::lseek(fd, 0, SEEK_END) < 0) return system_error(errno, "write", path);
    writer.size_ = keep;
    return writer;
}

Result<> FileWriter::append(Bytes bytes) {
    while (!bytes.empty()) {
        ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error(errno, "write", path_);
        bytes = bytes.subspan(static_cast<size_t>(written));
        size_ += static_cast<uint64_t>(written);
    }
    return Done{};
}

Result<> FileWriter::sync() {
    if (::fsync(descriptor_.get()) != 0) return system_error(errno, "sync", path_);
    return Done{};
}

Result<std::optional<FileLock>> FileLock::attempt(const Path& path) {
    Descriptor descriptor = TRY(open_descriptor(path, O_RDWR | O_CREAT, "lock"));
    for (;;) {
        if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0)
            return std::optional(FileLock(std::move(descriptor)));
        if (errno == EWOULDBLOCK) return std::optional<FileLock>();
        if (errno != EINTR) return system_error(errno, "lock", path);
    }
}

Result<FileLock> FileLock::acquire(const Path& path, std::chrono::milliseconds wait,
                                   const Cancel& cancel) {
    // Polling, because a blocking flock would not see the cancel flag.
    constexpr std::chrono::milliseconds pause(50);
    auto until = std::chrono::steady_clock::now() + wait;
    for (;;) {
        if (auto lock = TRY(attempt(path))) return std::move(*lock);
        TRY(cancel.check());
        if (std::chrono::steady_clock::now() >= until)
            return Error{Code::Timeout, cat("another process holds ", path)};
        std::this_thread::sleep_for(pause);
    }
}

Result<> make_folders(const Path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return system_error(error.value(), "create", path);
    return Done{};
}

Result<uint64_t> size_of_file(const Path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return system_error(errno, "read", path);
    return static_cast<uint64_t>(info.st_size);
}

Result<uint64_t> disk_free(const Path& path) {
    Path existing = path;
    struct statvfs info{};
    while (::statvfs(existing.empty() ? "." : existing.c_str(), &info) != 0) {
        if (errno != ENOENT || existing.empty()) return system_error(errno, "examine", path);
        existing = existing.parent_path();
    }
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace linnet
