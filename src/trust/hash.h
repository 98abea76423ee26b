// SHA-256: what a model is known by. Digests come from strangers and become file names, so they
// exist only as 32 bytes, and their text is always our own.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/threads.h"

namespace linnet {

struct Digest {
    std::array<std::byte, 32> bytes{};

    std::string hex() const;   // 64 lower-case digits
    std::string text() const;  // "sha256:" and the hex
    auto operator<=>(const Digest&) const = default;
};

// Exactly 64 hexadecimal digits, of either case.
Result<Digest> parse_sha256_hex(std::string_view hex);
// The same behind "sha256:".
Result<Digest> parse_digest(std::string_view text);

// Bytes in pieces. A copy goes on by itself from where the original was.
class Sha256 {
  public:
    Sha256();
    Sha256(const Sha256& other);
    Sha256& operator=(const Sha256& other);
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(Bytes bytes);
    // Of all bytes so far; more may follow.
    Digest digest() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

Digest sha256(Bytes bytes);
// Reads the file once; `at` hears how many bytes are done.
Result<Digest> sha256_of_file(const Path& path, const Cancel& cancel,
                              FunctionRef<void(uint64_t done)> at);

// Takes as long for bytes that differ at once as for bytes that are equal: for secrets.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace linnet
