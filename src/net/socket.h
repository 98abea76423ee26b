// One connection to another machine, plain or by TLS: what client and server code are built on.
// Calls block, look at the Cancel every few hundredths of a second, and give up when their patience
// ends. A connection that failed or was given up is closed; only its destructor makes sense then.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/result.h"

namespace linnet {

using SteadyTime = std::chrono::steady_clock::time_point;

// How long a call may wait: until `idle_ms` from its start, and never beyond the deadline.
struct Patience {
    const Cancel& cancel;
    int idle_ms = 30'000;
    std::optional<SteadyTime> deadline{};
};

struct TlsSettings {
    Path ca_file;    // certificates to trust instead of the system's
    Path ca_folder;  // the same, as a folder of hashed names
};

class Connection {
  public:
    virtual ~Connection() = default;
    // The other side must show a certificate for `host` that chains to a trusted one.
    virtual Result<> start_tls(const std::string& host, const Patience& patience) = 0;
    virtual Result<> write(std::string_view bytes, const Patience& patience) = 0;
    // At least one byte; 0 where the other side ended properly.
    virtual Result<size_t> read(std::span<std::byte> into, const Patience& patience) = 0;
    // Nothing came and nothing broke since the last call: the connection may be used again.
    virtual bool is_quiet() = 0;
};

// Opens connections. Not thread-safe; outlives its connections.
class Network {
  public:
    // Reads the certificates; an error where the named file holds none.
    static Result<Network> open(const TlsSettings& settings);
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;
    ~Network();

    // Tries the addresses of the host one after the other within `patience`.
    Result<std::unique_ptr<Connection>> connect(const std::string& host, uint16_t port,
                                                const Patience& patience);

  private:
    struct State;
    explicit Network(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace linnet
