#include "measure/disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

// The share of the file's first bytes that the system holds in memory.
double resident(int fd, size_t size) {
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) return 0;
    auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> pages((size + page - 1) / page);
    bool known = ::mincore(address, size, pages.data()) == 0;
    ::munmap(address, size);
    if (!known) return 0;
    auto held = std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return p & 1; });
    return static_cast<double>(held) / static_cast<double>(pages.size());
}

}  // namespace

Result<ReadSpeed> measure_read_speed(const Path& path, double seconds_max, Clock& clock,
                                     const Cancel& cancel) {
    MappedFile mapped = TRY(MappedFile::open(path));  // says why where it is no file to be read
    uint64_t size = std::min<uint64_t>(mapped.bytes().size(), read_speed_bytes_max);
    if (size == 0) return Error{Code::BadInput, cat(path, " is empty")};
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return system_error(errno, "read", path);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    ReadSpeed out;
    out.cached = resident(file.get(), size) > 0.1;
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    std::vector<std::byte> chunk(1 << 20);
    double start = clock.now_s(), now = start;
    while (out.bytes < size && now - start < seconds_max) {
        TRY(cancel.check());
        ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", path);
        if (got == 0) break;
        out.bytes += static_cast<uint64_t>(got);
        now = clock.now_s();
    }
    if (now > start) out.bytes_per_second = static_cast<double>(out.bytes) / (now - start);
    return out;
}

}  // namespace linnet
