#include "trust/hash.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/text.h"

namespace linnet {

std::string Digest::hex() const {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (std::byte b : bytes) {
        out += digits[std::to_integer<unsigned>(b) >> 4];
        out += digits[std::to_integer<unsigned>(b) & 15];
    }
    return out;
}

std::string Digest::text() const {
    return "sha256:" + hex();
}

static std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

Result<Digest> parse_sha256_hex(std::string_view hex) {
    Error error{Code::BadInput, cat("'", printable(hex, 80), "' is not a SHA-256 digest"),
                "a digest has 64 hexadecimal digits"};
    Digest digest;
    if (hex.size() != 2 * digest.bytes.size()) return error;
    for (size_t i = 0; i < digest.bytes.size(); i++) {
        auto high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (!high || !low) return error;
        digest.bytes[i] = static_cast<std::byte>(*high << 4 | *low);
    }
    return digest;
}

Result<Digest> parse_digest(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    if (!text.starts_with(prefix))
        return Error{Code::BadInput, cat("'", printable(text, 80), "' is not a digest"),
                     "a digest is written sha256: and 64 hexadecimal digits"};
    return parse_sha256_hex(text.substr(prefix.size()));
}

struct Sha256::State {
    EVP_MD_CTX* context;

    State() : context(EVP_MD_CTX_new()) {
        check(context && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1,
              "OpenSSL has SHA-256");
    }
    State(const State& other) : State() { *this = other; }
    State& operator=(const State& other) {
        check(EVP_MD_CTX_copy_ex(context, other.context) == 1, "a SHA-256 state can be copied");
        return *this;
    }
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(const Sha256& other) : state_(std::make_unique<State>(*other.state_)) {}
Sha256& Sha256::operator=(const Sha256& other) {
    if (this != &other) state_ = std::make_unique<State>(*other.state_);
    return *this;
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes bytes) {
    check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "SHA-256 goes on");
}

Digest Sha256::digest() const {
    State copy = *state_;
    Digest out;
    unsigned length = 0;
    check(EVP_DigestFinal_ex(copy.context, reinterpret_cast<unsigned char*>(out.bytes.data()),
                             &length) == 1 &&
              length == out.bytes.size(),
          "SHA-256 ends");
    return out;
}

Digest sha256(Bytes bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.digest();
}

// Read, not mapped: a file that is cut while it is hashed gives an error and no SIGBUS.
Result<Digest> sha256_of_file(const Path& path, const Cancel& cancel,
                              FunctionRef<void(uint64_t)> at) {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (descriptor.get() < 0) return system_error(errno, "read", path);
    constexpr size_t chunk_bytes = 1 << 20;
    std::vector<std::byte> chunk(chunk_bytes);
    Sha256 hash;
    for (uint64_t done = 0;;) {
        TRY(cancel.check());
        ssize_t got = ::read(descriptor.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", path);
        if (got == 0) return hash.digest();
        hash.update(Bytes(chunk).first(static_cast<size_t>(got)));
        done += static_cast<uint64_t>(got);
        at(done);
    }
}

bool equal_in_constant_time(Bytes a, Bytes b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace linnet
