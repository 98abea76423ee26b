#include "tensor/arena.h"

#include <sys/mman.h>

#include <bit>

namespace linnet {

static constexpr uint64_t huge_page = 2 << 20;

// Where large pages can be had, a stretch of at least one starts on the border of one.
static std::byte* map(uint64_t bytes) {
    uint64_t slack = bytes >= huge_page ? huge_page : 0;
    void* mapped =
        ::mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    auto* start = static_cast<std::byte*>(mapped);
    if (slack == 0) return start;
    uint64_t before = (huge_page - std::bit_cast<uintptr_t>(start) % huge_page) % huge_page;
    if (before > 0) ::munmap(start, before);
    if (before < slack) ::munmap(start + before + bytes, slack - before);
    ::madvise(start + before, bytes, MADV_HUGEPAGE);  // a hint; refused is as good
    return start + before;
}

Result<Arena> Arena::make(uint64_t bytes, std::string_view what) {
    Arena arena;
    if (bytes == 0) return arena;
    // Whole pages, so that the ends that are cut off are pages too.
    constexpr uint64_t page = 4096, bytes_max = uint64_t{1} << 47;
    auto whole = checked_align(bytes, bytes >= huge_page ? huge_page : page);
    if (whole && *whole <= bytes_max) arena.memory_ = map(*whole);
    if (!arena.memory_)
        return Error{Code::NoFit, cat(what, " would take ", bytes_text(bytes),
                                      ", which this machine cannot give")};
    arena.capacity_ = *whole;
    return arena;
}

Arena::~Arena() {
    if (memory_) ::munmap(memory_, capacity_);
}

}  // namespace linnet
