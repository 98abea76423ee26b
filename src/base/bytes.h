// Reading bytes that a stranger wrote. Every count and offset is checked with overflow-checked
// arithmetic, and nothing is allocated from a count before it is known to fit in the bytes that
// remain.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace linnet {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// a * b and a + b, or nothing where they overflow.
constexpr std::optional<uint64_t> checked_mul(uint64_t a, uint64_t b) {
    uint64_t out = 0;
    if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
    return out;
}
constexpr std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) {
    uint64_t out = 0;
    if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
    return out;
}
// The next multiple of `alignment`, a power of two.
constexpr std::optional<uint64_t> checked_align(uint64_t value, uint64_t alignment) {
    auto padded = checked_add(value, alignment - 1);
    if (!padded) return std::nullopt;
    return *padded & ~(alignment - 1);
}

// A cursor over bytes, little-endian. Errors name the offset.
class Reader {
  public:
    explicit Reader(Bytes bytes) : bytes_(bytes) {}

    uint64_t offset() const { return offset_; }
    uint64_t remaining() const { return bytes_.size() - offset_; }

    template <class T>
        requires(std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>
    Result<T> read() {
        Bytes raw = TRY(take(sizeof(T)));
        T value;
        std::memcpy(&value, raw.data(), sizeof value);
        static_assert(std::endian::native == std::endian::little, "bytes are read as they lie");
        return value;
    }

    Result<Bytes> take(uint64_t count) {
        if (count > remaining())
            return Error{Code::BadInput,
                         cat("the file ends within the ", count, " bytes at offset ", offset_, " (",
                             remaining(), " are left)")};
        Bytes out = bytes_.subspan(offset_, count);
        offset_ += count;
        return out;
    }

    // Checks that `count` items of at least `bytes_min` each can still come, so the count may be
    // reserved.
    Result<size_t> plausible(uint64_t count, uint64_t bytes_min) const {
        auto needed = checked_mul(count, bytes_min);
        if (!needed || *needed > remaining())
            return Error{Code::BadInput,
                         cat("a count of ", count, " at offset ", offset_,
                             " cannot be right: only ", remaining(), " bytes are left")};
        return static_cast<size_t>(count);
    }

  private:
    Bytes bytes_;
    uint64_t offset_ = 0;
};

}  // namespace linnet
