// Files of this machine: mapped for reading, written so that a crash leaves the old or the new,
// never a half.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace linnet {

using Path = std::filesystem::path;

// "no such file", "permission denied", "the disk is full" … for an errno, as an Error with the
// right code.
Error system_error(int error_number, std::string_view doing, const Path& path);

// An open file descriptor, closed with its owner.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor();
    int get() const { return fd_; }

  private:
    int fd_ = -1;
};

// A file mapped read-only. The bytes stay until the last copy of the handle goes. An empty file
// maps to no bytes. Somebody who truncates a mapped file kills its readers (SIGBUS); the store
// never changes a blob in place.
class MappedFile {
  public:
    static Result<MappedFile> open(const Path& path);
    Bytes bytes() const;
    const Path& path() const;
    // Tells the kernel that a range will be read soon, or is not needed any more.
    void will_need(uint64_t offset, uint64_t length) const;
    void done_with(uint64_t offset, uint64_t length) const;

  private:
    struct Mapping;
    explicit MappedFile(std::shared_ptr<const Mapping> mapping) : mapping_(std::move(mapping)) {}
    std::shared_ptr<const Mapping> mapping_;
};

// Tells the kernel that a part of a mapping will be read soon.
void will_need(Bytes mapped);

// A whole small file (or a device such as /dev/null). More than `bytes_max` is an error.
Result<std::string> read_file(const Path& path, uint64_t bytes_max);

// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder. The
// permissions of a file that was there are kept. A process killed within leaves "<path>.*.tmp".
Result<> write_file_atomic(const Path& path, std::string_view bytes);
// Renames and syncs the folder, so that the new name survives a power cut.
Result<> rename_durable(const Path& from, const Path& to);

// Appends to a file, opened or created at a given length. Every call reports a full disk at once.
class FileWriter {
  public:
    // Keeps the first `keep` bytes of an existing file and drops the rest.
    static Result<FileWriter> open(const Path& path, uint64_t keep = 0);
    Result<> append(Bytes bytes);
    Result<> sync();
    uint64_t size() const { return size_; }

  private:
    Descriptor descriptor_;
    Path path_;
    uint64_t size_ = 0;
};

// Held while the object lives, gone with the process however it ends (flock). The lock file itself
// stays.
class FileLock {
  public:
    // Nothing where another process or object holds it.
    static Result<std::optional<FileLock>> attempt(const Path& path);
    // Waits; Code::Timeout after `wait`, Code::Interrupted when `cancelled` says so.
    static Result<FileLock> acquire(const Path& path, std::chrono::milliseconds wait,
                                    const class Cancel& cancel);

  private:
    explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    Descriptor descriptor_;
};

Result<> make_folders(const Path& path);
Result<uint64_t> size_of_file(const Path& path);
// Bytes that this user may still write on the file system that holds `path` (which need not exist
// yet).
Result<uint64_t> disk_free(const Path& path);

}  // namespace linnet
