// A text in chunks of equal length, as llama.cpp's tools cut it, so that figures compare.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace linnet {

struct ChunkOptions {
    size_t chunks_max = 0;  // 0: as many as there are
    // What each chunk begins with in place of its first token, where the model wants one.
    std::optional<int32_t> first_token{};
};

class Chunks {
  public:
    // Usage where the text is shorter than a chunk of `length` tokens. `tokens` must outlive this.
    static Result<Chunks> cut(std::span<const int32_t> tokens, size_t length,
                              const ChunkOptions& options);

    size_t count() const { return count_; }
    size_t length() const { return chunk_.size(); }
    // Valid until the next call.
    std::span<const int32_t> at(size_t index);

    // Of each chunk the second half is counted, so that every counted token has at least half a
    // chunk before it: tokens first_counted() to the last.
    size_t first_counted() const { return length() / 2 + 1; }
    size_t counted() const { return length() - first_counted(); }

  private:
    Chunks(std::span<const int32_t> tokens, size_t length, size_t count,
           std::optional<int32_t> first)
        : tokens_(tokens), chunk_(length), count_(count), first_(first) {}
    std::span<const int32_t> tokens_;
    std::vector<int32_t> chunk_;
    size_t count_;
    std::optional<int32_t> first_;
};

}  // namespace linnet
