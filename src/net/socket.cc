#include "net/socket.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds tick(20);  // how often a waiting call looks at its Cancel

SteadyTime end_of(const Patience& patience) {
    SteadyTime end = std::chrono::steady_clock::now() + Milliseconds(patience.idle_ms);
    return patience.deadline ? std::min(end, *patience.deadline) : end;
}

// Why a wait ended without its event.
Error gave_up(const Patience& patience, std::string_view doing) {
    if (patience.cancel.requested()) return {Code::Interrupted, "interrupted"};
    if (patience.deadline && std::chrono::steady_clock::now() >= *patience.deadline)
        return {Code::Timeout, cat("the time allowed ran out while ", doing)};
    return {
        Code::Network,
        cat("nothing happened for ", duration_text(patience.idle_ms / 1000.0), " while ", doing),
        "check the connection and try again"};
}

// Starts an operation and runs the loop until it is done. Where the patience ends first, `stop`
// makes the operation fail, and it is waited for, since it refers to buffers of the caller.
struct Outcome {
    error_code error;
    size_t bytes = 0;
    bool gave_up = false;
};
template <class Start, class Stop>
Outcome await(asio::io_context& loop, const Patience& patience, Start&& start, Stop&& stop) {
    Outcome outcome;
    bool done = false;
    start([&](error_code error, size_t bytes) {
        outcome.error = error;
        outcome.bytes = bytes;
        done = true;
    });
    SteadyTime end = end_of(patience);
    while (!done) {
        loop.restart();
        auto now = std::chrono::steady_clock::now();
        if (!outcome.gave_up && (patience.cancel.requested() || now >= end)) {
            outcome.gave_up = true;
            stop();
        }
        loop.run_one_until(outcome.gave_up ? now + tick : std::min(end, now + tick));
    }
    return outcome;
}

Error cannot_resolve(const std::string& host, std::string_view why) {
    return {Code::Network, cat("cannot resolve host ", printable(host), ": ", why),
            "check the name and the connection to the internet"};
}

// The addresses of a host. The system's resolver cannot be interrupted, so it runs in a thread that
// is left behind where the caller gives up.
Result<std::vector<tcp::endpoint>> resolve(const std::string& host, uint16_t port,
                                           const Patience& patience) {
    error_code no_address;
    auto literal = asio::ip::make_address(host, no_address);
    if (!no_address) return std::vector<tcp::endpoint>{{literal, port}};

    struct Found {
        int status = 0;
        std::vector<asio::ip::address> addresses;
    };
    auto promise = std::make_shared<std::promise<Found>>();
    std::future<Found> future = promise->get_future();
    auto look_up = [promise, host] {
        addrinfo hints{}, *list = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_ADDRCONFIG;
        Found found;
        found.status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
        for (addrinfo* at = list; found.status == 0 && at; at = at->ai_next) {
            tcp::endpoint endpoint;
            if (at->ai_addrlen > endpoint.capacity()) continue;
            std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
            endpoint.resize(at->ai_addrlen);
            found.addresses.push_back(endpoint.address());
        }
        if (list) ::freeaddrinfo(list);
        promise->set_value(std::move(found));
    };
    try {
        std::thread(look_up).detach();
    } catch (const std::system_error&) {
        return Error{Code::Busy, "this system allows no further thread"};
    }
    SteadyTime end = end_of(patience);
    while (future.wait_for(tick) != std::future_status::ready)
        if (patience.cancel.requested() || std::chrono::steady_clock::now() >= end)
            return gave_up(patience, cat("resolving host ", printable(host)));
    Found found = future.get();
    if (found.status != 0) return cannot_resolve(host, ::gai_strerror(found.status));
    if (found.addresses.empty()) return cannot_resolve(host, "it has no address");
    std::vector<tcp::endpoint> endpoints;
    for (const auto& address : found.addresses) endpoints.emplace_back(address, port);
    return endpoints;
}

// "tls: certificate verify failed" and the like, from OpenSSL's own words.
std::string tls_reason(const error_code& error) {
    if (error == asio::ssl::error::stream_truncated || error == asio::error::eof)
        return "the other side ended the connection";
    return printable(error.message(), 200);
}

class AsioConnection final : public Connection {
  public:
    using Tls = asio::ssl::stream<tcp::socket&>;

    AsioConnection(asio::io_context& loop, asio::ssl::context& trust, tcp::socket socket,
                   std::string host)
        : loop_(loop), trust_(trust), socket_(std::move(socket)), host_(std::move(host)) {}

    Result<> start_tls(const std::string& host, const Patience& patience) override {
        tls_ = std::make_unique<Tls>(socket_, trust_);
        SSL* ssl = tls_->native_handle();
        error_code no_address;
        asio::ip::make_address(host, no_address);
        bool is_address = !no_address;
        bool named = is_address
                         ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1
                         : SSL_set1_host(ssl, host.c_str()) == 1 &&
                               SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
        check(named, "OpenSSL takes the name of a host");
        constexpr unsigned char http[] = "\x08http/1.1";
        SSL_set_alpn_protos(ssl, http, sizeof http - 1);
        auto outcome = await(
            loop_, patience,
            [&](auto done) {
                tls_->async_handshake(Tls::client,
                                      [done](error_code error) mutable { done(error, 0); });
            },
            [&] { close(); });
        if (outcome.gave_up) return gave_up(patience, cat("starting TLS with ", printable(host)));
        if (!outcome.error) return Done{};
        close();
        long verified = SSL_get_verify_result(ssl);
        if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
            return Error{
                Code::Network,
                cat("the TLS certificate that ", printable(host), " showed is for another host"),
                "check the address; somebody may stand between"};
        if (verified != X509_V_OK)
            return Error{
                Code::Network,
                cat("the TLS certificate of ", printable(host),
                    " is not trusted: ", X509_verify_cert_error_string(verified)),
                "where a company's proxy signs certificates, set SSL_CERT_FILE to its CA file"};
        return Error{Code::Network,
                     cat("TLS with ", printable(host), " failed: ", tls_reason(outcome.error)),
                     "check the address and any proxy between"};
    }

    Result<> write(std::string_view bytes, const Patience& patience) override {
        auto outcome = await(
            loop_, patience,
            [&](auto done) {
                asio::const_buffer buffer(bytes.data(), bytes.size());
                if (tls_)
                    asio::async_write(*tls_, buffer, done);
                else
                    asio::async_write(socket_, buffer, done);
            },
            [&] { close(); });
        if (outcome.gave_up) return gave_up(patience, cat("sending to ", host_));
        if (outcome.error) return broken(outcome.error);
        return Done{};
    }

    Result<size_t> read(std::span<std::byte> into, const Patience& patience) override {
        auto outcome = await(
            loop_, patience,
            [&](auto done) {
                asio::mutable_buffer buffer(into.data(), into.size());
                if (tls_)
                    tls_->async_read_some(buffer, done);
                else
                    socket_.async_read_some(buffer, done);
            },
            [&] { close(); });
        if (outcome.gave_up) return gave_up(patience, cat("waiting for ", host_));
        if (outcome.error == asio::error::eof) return size_t{0};
        if (outcome.error) return broken(outcome.error);
        return outcome.bytes;
    }

    bool is_quiet() override {
        if (!socket_.is_open()) return false;
        char byte;
        ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

  private:
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }
    Error broken(const error_code& error) {
        close();
        std::string why = tls_ ? tls_reason(error) : printable(error.message(), 200);
        return {Code::Network, cat("the connection to ", host_, " broke: ", why),
                "check the connection and try again"};
    }

    asio::io_context& loop_;
    asio::ssl::context& trust_;
    tcp::socket socket_;
    std::string host_;
    std::unique_ptr<Tls> tls_;
};

}  // namespace

struct Network::State {
    asio::io_context loop{1};
    asio::ssl::context trust{asio::ssl::context::tls_client};
};

Network::Network(std::unique_ptr<State> state) : state_(std::move(state)) {}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

Result<Network> Network::open(const TlsSettings& settings) {
    std::unique_ptr<State> state;
    try {
        state = std::make_unique<State>();
    } catch (const boost::system::system_error& failed) {
        return Error{Code::Busy, cat("networking cannot start: ", printable(failed.what(), 200))};
    }
    auto& trust = state->trust;
    trust.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_min_proto_version(trust.native_handle(), TLS1_2_VERSION);
    error_code error;
    auto untrusted = [&](const Path& path) {
        return Error{Code::BadInput,
                     cat("cannot use the CA certificates in ", path, ": ", tls_reason(error)),
                     "name a readable file of PEM certificates"};
    };
    if (!settings.ca_file.empty()) {
        trust.load_verify_file(settings.ca_file.string(), error);
        if (error) return untrusted(settings.ca_file);
    }
    if (!settings.ca_folder.empty()) {
        trust.add_verify_path(settings.ca_folder.string(), error);
        if (error) return untrusted(settings.ca_folder);
    }
    if (settings.ca_file.empty() && settings.ca_folder.empty()) {
        trust.set_default_verify_paths(error);
        if (error) return Error{Code::Io, "OpenSSL finds no trusted certificates on this system"};
    }
    return Network(std::move(state));
}

Result<std::unique_ptr<Connection>> Network::connect(const std::string& host, uint16_t port,
                                                     const Patience& patience) {
    SteadyTime end = end_of(patience);
    auto endpoints = TRY(resolve(host, port, patience));
    constexpr size_t endpoints_max = 8;
    if (endpoints.size() > endpoints_max) endpoints.resize(endpoints_max);
    Error last{Code::Network, cat("cannot connect to ", printable(host))};
    for (size_t i = 0; i < endpoints.size(); i++) {
        tcp::socket socket(state_->loop);
        // A dead first address must not eat the time of the others.
        auto left =
            std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now());
        auto share =
            std::max<int64_t>(left.count() / static_cast<int64_t>(endpoints.size() - i), 1);
        Patience own{patience.cancel, static_cast<int>(share), patience.deadline};
        auto outcome = await(
            state_->loop, own,
            [&](auto done) {
                socket.async_connect(endpoints[i], [done](error_code e) mutable { done(e, 0); });
            },
            [&] {
                error_code ignored;
                socket.close(ignored);
            });
        TRY(patience.cancel.check());
        if (!outcome.gave_up && !outcome.error) {
            error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            return std::unique_ptr<Connection>(std::make_unique<AsioConnection>(
                state_->loop, state_->trust, std::move(socket), printable(host)));
        }
        if (outcome.gave_up) {
            last = gave_up(own, cat("connecting to ", printable(host), ", port ", port));
        } else {
            std::string why = outcome.error == asio::error::connection_refused
                                  ? "connection refused"
                                  : printable(outcome.error.message(), 200);
            last = {Code::Network,
                    cat("cannot connect to ", printable(host), ", port ", port, ": ", why),
                    "check that the service runs and that no firewall stands between"};
        }
    }
    return last;
}

}  // namespace linnet
