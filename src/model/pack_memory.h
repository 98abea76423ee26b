// Where repacked weights lie: many matrices on a few large stretches, because each answer reads all
// of them once and the small pages of single matrices cost a part of the speed. What the memory has
// no room for stays in the file and is read from there for each answer. Not thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "base/file.h"
#include "tensor/arena.h"

namespace linnet {

class PackMemory {
  public:
    static constexpr uint64_t unlimited = ~uint64_t{0};
    // Of all weights, packed or not, at most so many bytes are meant to stay in memory.
    explicit PackMemory(uint64_t bytes_max = unlimited) : bytes_max_(bytes_max) {}

    // Whether there is room for so many bytes more; they count as held then, else as streamed.
    bool hold(uint64_t bytes);
    uint64_t held_bytes() const { return held_; }
    uint64_t streamed_bytes() const { return streamed_; }

    // Bytes of a file that lie here now, and need not stay in memory twice.
    void copied(const MappedFile& file, Bytes bytes);
    // When all is read: with each read its neighbours came back.
    void drop_copied() const;

    // Aligned to cache lines; it stays as long as somebody holds it.
    Result<std::shared_ptr<std::byte>> take(uint64_t bytes);

  private:
    uint64_t bytes_max_, held_ = 0, streamed_ = 0;
    std::shared_ptr<Arena> stretch_;
    struct Copied {
        MappedFile file;
        uint64_t offset, length;
    };
    std::vector<Copied> copied_;
};

}  // namespace linnet
