// The one HTTP/1.1 client. It verifies TLS, follows redirects without carrying credentials to
// another host or leaving TLS, bounds whatever the other side decides (headers, redirects, bodies
// kept in memory, silence), and stops within a tenth of a second when cancelled.
//
// A client keeps connections open for the next request. Not thread-safe: one for each thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "net/http_message.h"
#include "net/proxy.h"
#include "net/socket.h"
#include "net/url.h"

namespace linnet {

struct HttpSettings {
    std::string user_agent = "linnet";
    TlsSettings tls;
    ProxySettings proxy;
    int connect_timeout_ms = 15'000;
    int idle_timeout_ms = 30'000;  // silence, or a trickle below 1 kB in that time
    size_t redirects_max = 8;
    size_t header_bytes_max = 65'536;
    uint64_t body_bytes_max = 32'000'000;  // of fetch()
};

enum class HttpMethod { Get, Head };

struct HttpRequest {
    HttpMethod method = HttpMethod::Get;
    Url url;                            // user and password go along as basic authentication
    std::vector<HttpHeader> headers{};  // sent to every host of a chain of redirects
    std::string authorization{};        // sent to the origin of `url` only
    bool follow = true;                 // false: a redirect is an answer like any other
    int timeout_ms = 0;                 // for the whole request; 0: none
};

struct HttpAnswer {
    HttpHead head;
    std::string body;
};

using HeadHandler = FunctionRef<Result<Flow>(const HttpHead&)>;

class HttpClient {
  public:
    static Result<HttpClient> create(HttpSettings settings);
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;
    ~HttpClient();

    // `on_head` sees the answer of any status before its body; it and `on_data` may stop early,
    // which is no error. Returns the head once all is done. A body that ends too soon, or comes in
    // an encoding that was not asked for, is an error.
    Result<HttpHead> stream(const HttpRequest& request, HeadHandler on_head, DataHandler on_data,
                            const Cancel& cancel);
    // The whole answer of any status in memory, its body bounded.
    Result<HttpAnswer> fetch(const HttpRequest& request, const Cancel& cancel);

  private:
    struct State;
    explicit HttpClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// What a status that is no success means to the user. 5xx, 408 and 429 are Code::Network and may
// pass; 404 and 410 are NotFound; 401, 403 and 407 are Policy.
Error status_error(const HttpHead& head);
// Seconds the other side asks to wait before the next attempt, if it says so in seconds.
std::optional<int> retry_after_s(const HttpHead& head);

}  // namespace linnet
