// A small HTTP server on the loopback address that misbehaves on request: what pulls, gateways and
// updates must survive. It serves contents by path, counts what it is asked, and can stand in for a
// proxy. One thread for each connection; everything ends with the object.
#pragma once

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "net/testing/certificates.h"

namespace linnet::testing {

// How one answer goes wrong. Offsets count bytes of the body as sent.
struct Fault {
    int status = 0;                          // this status and a short text instead of the content
    std::string headers{};                   // further header lines, each with \r\n
    std::string redirect_to{};               // 302 to that address
    std::optional<uint64_t> cut_after{};     // then the connection is closed
    std::optional<uint64_t> stall_after{};   // then nothing more comes
    std::optional<uint64_t> corrupt_at{};    // one bit of this byte of the content is wrong
    std::optional<uint64_t> claim_length{};  // a false Content-Length
    bool ignore_range = false;               // 200 and everything, whatever was asked
    bool wrong_range = false;                // 206, but from the start
    bool no_length = false;  // neither Content-Length nor chunks: the end is the end
    bool chunked = false;
    bool endless_headers = false;
    bool endless_body = false;  // chunks for ever
    bool endless_trailers = false;
    bool endless_interim = false;  // 100 Continue for ever
    std::string raw{};             // these bytes instead of any answer
    int pause_ms = 0;              // between pieces
    size_t piece_bytes = 16384;
};

struct Asked {
    std::string method, target;
    std::map<std::string, std::string> headers;  // names in lower case

    std::string header(const std::string& name) const {
        auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

class FaultyServer {
  public:
    explicit FaultyServer(const TlsIdentity* identity = nullptr) {
        if (identity) start_tls(*identity);
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                  ::listen(listener_, 64) == 0,
              "a loopback port can be had");
        socklen_t length = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~FaultyServer() {
        stopping_ = true;
        acceptor_.join();
        for (std::thread& worker : workers_) worker.join();
        ::close(listener_);
        SSL_CTX_free(tls_);
    }
    FaultyServer(const FaultyServer&) = delete;
    FaultyServer& operator=(const FaultyServer&) = delete;

    uint16_t port() const { return port_; }
    std::string url(std::string_view path) const {
        return cat(tls_ ? "https" : "http", "://127.0.0.1:", port_, path);
    }

    // What stands at a path (or, through the proxy, at a whole http address).
    void serve(const std::string& path, std::string content,
               std::string type = "application/octet-stream") {
        std::lock_guard lock(mutex_);
        pages_[path].content = std::move(content);
        pages_[path].type = std::move(type);
    }
    void set_etag(const std::string& path, std::string etag) {
        std::lock_guard lock(mutex_);
        pages_[path].etag = std::move(etag);
    }
    // The next answer at the path goes wrong that way; several are used up in order.
    void next(const std::string& path, Fault fault) {
        std::lock_guard lock(mutex_);
        pages_[path].next.push_back(std::move(fault));
    }
    // Every answer without a fault of its own.
    void always(const std::string& path, Fault fault) {
        std::lock_guard lock(mutex_);
        pages_[path].always = std::move(fault);
    }

    std::vector<Asked> asked() const {
        std::lock_guard lock(mutex_);
        return asked_;
    }
    std::vector<Asked> asked(std::string_view target) const {
        std::vector<Asked> out;
        for (const Asked& one : asked())
            if (one.target == target) out.push_back(one);
        return out;
    }
    size_t connections() const { return connections_; }
    uint64_t body_bytes_sent() const { return body_bytes_; }

  private:
    struct Page {
        std::string content, type, etag;
        std::deque<Fault> next;
        Fault always;
    };
    struct Peer {
        int fd;
        SSL* ssl = nullptr;
    };

    void start_tls(const TlsIdentity& identity) {
        tls_ = SSL_CTX_new(TLS_server_method());
        BIO* certificate = BIO_new_mem_buf(identity.certificate_pem.data(), -1);
        BIO* key = BIO_new_mem_buf(identity.key_pem.data(), -1);
        X509* x = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
        EVP_PKEY* k = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
        check(SSL_CTX_use_certificate(tls_, x) == 1 && SSL_CTX_use_PrivateKey(tls_, k) == 1,
              "the test's certificate fits its key");
        X509_free(x);
        EVP_PKEY_free(k);
        BIO_free(certificate);
        BIO_free(key);
    }

    bool wait_readable(int fd) const {
        while (!stopping_) {
            pollfd waiting{fd, POLLIN, 0};
            if (::poll(&waiting, 1, 20) > 0) return true;
        }
        return false;
    }

    void accept_all() {
        while (wait_readable(listener_)) {
            int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            connections_++;
            workers_.emplace_back([this, fd] { talk(fd); });
        }
    }

    void talk(int fd) {
        timeval patience{0, 50'000};  // so that a blocked write sees the end of the server
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        Peer peer{fd};
        bool good = !tls_ || shake_hands(peer);
        std::string buffer;
        while (good) {
            auto asked = read_request(peer, buffer);
            if (!asked) break;
            if (asked->method == "CONNECT") {
                note(*asked);
                relay(peer, asked->target);
                break;
            }
            good = answer(peer, *asked);
        }
        if (peer.ssl && good) SSL_shutdown(peer.ssl);
        SSL_free(peer.ssl);
        ::shutdown(fd, SHUT_RDWR);
        ::close(fd);
    }

    bool shake_hands(Peer& peer) const {
        if (!wait_readable(peer.fd)) return false;
        peer.ssl = SSL_new(tls_);
        SSL_set_fd(peer.ssl, peer.fd);
        bool good = SSL_accept(peer.ssl) == 1;
        ERR_clear_error();
        return good;
    }

    bool send_all(Peer& peer, std::string_view bytes) {
        while (!bytes.empty() && !stopping_) {
            ssize_t sent = 0;
            if (peer.ssl) {
                sent = SSL_write(peer.ssl, bytes.data(), static_cast<int>(bytes.size()));
                if (sent <= 0) {
                    bool wait =
                        SSL_get_error(peer.ssl, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE;
                    ERR_clear_error();
                    if (wait) continue;
                    return false;
                }
            } else {
                sent = ::send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
                if (sent <= 0) return false;
            }
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
        return !stopping_;
    }

    std::optional<Asked> read_request(Peer& peer, std::string& buffer) {
        size_t end;
        while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
            char chunk[4096];
            if (!(peer.ssl && SSL_pending(peer.ssl)) && !wait_readable(peer.fd))
                return std::nullopt;
            ssize_t got = peer.ssl ? SSL_read(peer.ssl, chunk, sizeof chunk)
                                   : ::recv(peer.fd, chunk, sizeof chunk, 0);
            ERR_clear_error();
            if (got <= 0) return std::nullopt;
            buffer.append(chunk, static_cast<size_t>(got));
        }
        Asked asked;
        bool first = true;
        for (std::string_view line : split(std::string_view(buffer).substr(0, end), '\n')) {
            line = trim(line);
            if (first) {
                auto words = split(line, ' ');
                asked.method = words.at(0);
                asked.target = words.size() > 1 ? words[1] : "";
            } else if (size_t colon = line.find(':'); colon != line.npos) {
                asked.headers[lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
            }
            first = false;
        }
        buffer.erase(0, end + 4);
        return asked;
    }

    void note(const Asked& asked) {
        std::lock_guard lock(mutex_);
        asked_.push_back(asked);
    }

    // False where the connection must close.
    bool answer(Peer& peer, const Asked& asked) {
        Page page;
        Fault fault;
        {
            std::lock_guard lock(mutex_);
            asked_.push_back(asked);
            auto found = pages_.find(asked.target);
            if (found == pages_.end()) {
                fault.status = 404;
            } else {
                page = found->second;
                fault = page.always;
                if (!page.next.empty()) {
                    fault = page.next.front();
                    found->second.next.pop_front();
                }
            }
        }
        if (!fault.raw.empty()) return send_all(peer, fault.raw) && false;
        if (fault.endless_headers || fault.endless_interim) return flood(peer, fault);
        if (!fault.redirect_to.empty())
            return send_all(peer, cat("HTTP/1.1 302 Found\r\nLocation: ", fault.redirect_to, "\r\n",
                                      fault.headers, "Content-Length: 5\r\n\r\nmoved"));
        if (fault.status != 0) {
            std::string text = cat("HTTP/1.1 ", fault.status, " Fault\r\n", fault.headers,
                                   "Content-Length: 5\r\n\r\n");
            return send_all(peer, asked.method == "HEAD" ? text : text + "fault");
        }
        return send_content(peer, asked, page, fault);
    }

    bool flood(Peer& peer, const Fault& fault) {
        if (fault.endless_headers && !send_all(peer, "HTTP/1.1 200 OK\r\n")) return false;
        for (uint64_t i = 0; !stopping_; i++) {
            std::string text = fault.endless_headers
                                   ? cat("X-", i, ": ", std::string(200, 'x'), "\r\n")
                                   : "HTTP/1.1 100 Continue\r\n\r\n";
            if (!send_all(peer, text)) return false;
        }
        return false;
    }

    bool send_content(Peer& peer, const Asked& asked, const Page& page, const Fault& fault) {
        std::string body = page.content;
        if (fault.corrupt_at && *fault.corrupt_at < body.size()) body[*fault.corrupt_at] ^= 1;
        uint64_t total = body.size();
        std::string head = "HTTP/1.1 200 OK\r\n";
        uint64_t from = 0, to = total;
        if (!fault.ignore_range && wants_range(asked, page, total, from, to)) {
            if (from >= to)
                return send_all(peer,
                                cat("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */",
                                    total, "\r\nContent-Length: 0\r\n\r\n"));
            if (fault.wrong_range) {
                to -= from;
                from = 0;
            }
            head = cat("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ", from, "-", to - 1,
                       "/", total, "\r\n");
            body = body.substr(from, to - from);
        }
        head += cat("Content-Type: ", page.type, "\r\n", fault.headers);
        if (!page.etag.empty()) head += cat("ETag: ", page.etag, "\r\n");
        bool chunked = fault.chunked || fault.endless_body || fault.endless_trailers;
        if (chunked) head += "Transfer-Encoding: chunked\r\n";
        if (!chunked && !fault.no_length)
            head += cat("Content-Length: ", fault.claim_length.value_or(body.size()), "\r\n");
        if (!send_all(peer, head + "\r\n")) return false;
        if (asked.method == "HEAD") return true;
        if (!send_body(peer, body, fault, chunked)) return false;
        return !fault.no_length && !fault.cut_after && !fault.claim_length;
    }

    static bool wants_range(const Asked& asked, const Page& page, uint64_t total, uint64_t& from,
                            uint64_t& to) {
        std::string range = asked.header("range");
        if (!range.starts_with("bytes=")) return false;
        std::string condition = asked.header("if-range");
        if (!condition.empty() && condition != page.etag) return false;
        std::string_view text = std::string_view(range).substr(6);
        size_t dash = text.find('-');
        auto first = parse_integer<uint64_t>(text.substr(0, dash));
        auto last = parse_integer<uint64_t>(text.substr(dash + 1));
        if (!first) {  // the last bytes
            from = total - std::min(total, last.value_or(0));
            return true;
        }
        from = *first;
        to = last ? std::min(total, *last + 1) : total;
        return true;
    }

    bool send_body(Peer& peer, std::string_view body, const Fault& fault, bool chunked) {
        uint64_t sent = 0;
        do {
            if (fault.cut_after && sent >= *fault.cut_after) return false;
            if (fault.stall_after && sent >= *fault.stall_after) return wait_until_gone(peer);
            size_t length = std::min<uint64_t>(fault.piece_bytes, body.size() - sent);
            if (fault.cut_after) length = std::min<uint64_t>(length, *fault.cut_after - sent);
            if (fault.stall_after) length = std::min<uint64_t>(length, *fault.stall_after - sent);
            std::string_view piece = body.substr(sent, length);
            if (fault.endless_body) piece = "more and more ";
            if (chunked && !piece.empty()) {
                char size[32];
                std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
                if (!send_all(peer, cat(size, piece, "\r\n"))) return false;
            } else if (!send_all(peer, piece)) {
                return false;
            }
            sent += length;
            body_bytes_ += piece.size();
            if (fault.pause_ms > 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(fault.pause_ms));
        } while ((sent < body.size() || fault.endless_body) && !stopping_);
        if (fault.cut_after) return false;
        if (fault.stall_after) return wait_until_gone(peer);
        if (!chunked) return true;
        if (!send_all(peer, "0\r\n")) return false;
        while (fault.endless_trailers)
            if (!send_all(peer, "X-More: and more\r\n")) return false;
        return send_all(peer, "\r\n");
    }

    // Sends nothing until the other side leaves.
    bool wait_until_gone(Peer& peer) const {
        char byte;
        while (wait_readable(peer.fd))
            if (::recv(peer.fd, &byte, 1, MSG_DONTWAIT) <= 0) break;
        return false;
    }

    // A proxy's tunnel: every name leads to this machine, so that tests need no real hosts.
    void relay(Peer& peer, const std::string& target) {
        auto port = parse_integer<uint16_t>(std::string_view(target).substr(target.rfind(':') + 1));
        int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(tunnel_port_ ? tunnel_port_.load() : port.value_or(0));
        if (::connect(out, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            send_all(peer, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        } else if (send_all(peer, "HTTP/1.1 200 Connected\r\n\r\n")) {
            Peer other{out};
            bool open = true;
            while (open && !stopping_) {
                pollfd both[] = {{peer.fd, POLLIN, 0}, {out, POLLIN, 0}};
                if (::poll(both, 2, 20) <= 0) continue;
                for (int i = 0; i < 2 && open; i++) {
                    if (both[i].revents == 0) continue;
                    char chunk[16384];
                    ssize_t got = ::recv(both[i].fd, chunk, sizeof chunk, 0);
                    open = got > 0 &&
                           send_all(i == 0 ? other : peer, {chunk, static_cast<size_t>(got)});
                }
            }
        }
        ::close(out);
    }

  public:
    // Where CONNECT leads, whatever port was asked for; 0: the port that was asked for.
    void set_tunnel_port(uint16_t port) { tunnel_port_ = port; }

  private:
    SSL_CTX* tls_ = nullptr;
    int listener_ = -1;
    uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<uint16_t> tunnel_port_ = 0;
    std::atomic<size_t> connections_ = 0;
    std::atomic<uint64_t> body_bytes_ = 0;
    std::thread acceptor_;
    std::vector<std::thread> workers_;  // of the acceptor; joined after it
    mutable std::mutex mutex_;
    std::map<std::string, Page> pages_;
    std::vector<Asked> asked_;
};

}  // namespace linnet::testing
