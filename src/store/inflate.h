// Unpacks a raw deflate stream that may arrive in several downloads: at the end of a block the
// state is a place in the input and the last 32 kB of the output, so another object can go on
// there. (The way of zlib's zran example by Mark Adler.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/threads.h"

namespace linnet {

class Inflater {
  public:
    // Between two blocks.
    struct Place {
        uint64_t in = 0;    // bytes of input that are used, the last of them perhaps in part
        uint32_t bits = 0;  // unused bits of that last byte, 0 to 7
        uint64_t out = 0;   // bytes of output so far
        bool operator==(const Place&) const = default;
    };
    static constexpr uint64_t window_bytes = 32'768;

    Inflater();
    // Goes on at `place`: `window` is the output before it, up to window_bytes of it, and
    // `last_byte` the byte of input at place.in - 1 (looked at where place.bits > 0).
    static Result<Inflater> resume(const Place& place, std::byte last_byte, Bytes window);
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;
    ~Inflater();

    // Takes the next bytes of the input. `out` gets the output in order; `at_boundary` is called
    // whenever all output before a boundary has been given out. More output than `bytes_max` in all
    // is an error, as is input after the end.
    Result<> feed(Bytes in, FunctionRef<Result<>(Bytes)> out,
                  FunctionRef<Result<>(const Place&)> at_boundary, uint64_t bytes_max);
    bool done() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Continues a CRC-32 as zip archives carry it. Starts from 0.
uint32_t crc32_of(uint32_t so_far, Bytes bytes);

}  // namespace linnet
