#include "net/http.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr size_t kept_connections_max = 4;
constexpr size_t interim_answers_max = 8;     // 100 Continue and the like
constexpr size_t drained_bytes_max = 65'536;  // of a redirect's body, to keep its connection
constexpr size_t chunk_bytes = 65'536;
constexpr size_t trickle_bytes = 1000;

using Clock = std::chrono::steady_clock;

// Counts the time spent waiting for the other side, not the time that our own handlers take.
class Watch {
  public:
    Watch(const HttpSettings& settings, std::optional<SteadyTime> deadline, const Cancel& cancel)
        : idle_ms_(settings.idle_timeout_ms), deadline_(deadline), cancel_(cancel) {}

    Patience patience() const {
        return {cancel_, std::max(1, idle_ms_ - static_cast<int>(waited_ms_)), deadline_};
    }
    // Reads with what is left of the patience; a thousand bytes fill it up again.
    Result<size_t> read(Connection& connection, std::span<std::byte> into) {
        auto begin = Clock::now();
        auto got = connection.read(into, patience());
        waited_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        if (!got) return got;
        bytes_ += *got;
        if (bytes_ >= trickle_bytes) {
            bytes_ = 0;
            waited_ms_ = 0;
        }
        if (waited_ms_ > idle_ms_)
            return Error{Code::Network,
                         cat("fewer than ", trickle_bytes, " bytes came in ",
                             duration_text(idle_ms_ / 1000.0)),
                         "try again later"};
        return got;
    }

  private:
    int idle_ms_;
    std::optional<SteadyTime> deadline_;
    const Cancel& cancel_;
    double waited_ms_ = 0;
    size_t bytes_ = 0;
};

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string basic(const Url& url) {
    if (url.user.empty() && url.password.empty()) return {};
    return "Basic " + base64(cat(url.user, ':', url.password));
}

// Where a redirect leads, if it may lead there.
Result<Url> next_url(const HttpHead& head) {
    auto location = head.header("location");
    if (!location)
        return Error{Code::Network, cat(head.url.place(), ": a redirect without an address")};
    auto next = resolve_url(head.url, *location);
    if (!next) {
        Error error = std::move(next).error();
        return Error{Code::Network,
                     cat(head.url.place(), ": a redirect to a place that is ", error.what)};
    }
    if (head.url.is_secure() && !next->is_secure())
        return Error{Code::Policy,
                     cat(head.url.place(), " redirects to ", next->place(), ", which leaves TLS"),
                     "use another source; what comes without TLS can be changed on the way"};
    return next;
}

Result<> expect_identity(const HttpHead& head) {
    auto encoding = head.header("content-encoding");
    if (!encoding || lower(trim(*encoding)) == "identity" || trim(*encoding).empty()) return Done{};
    return Error{Code::Unsupported,
                 cat(head.url.place(), " came as '", printable(*encoding, 40),
                     "', though plain bytes were asked for"),
                 "use another source or mirror"};
}

}  // namespace

struct HttpClient::State {
    struct Kept {
        std::string key;
        std::unique_ptr<Connection> connection;
    };
    struct Leased {
        std::string key;
        std::unique_ptr<Connection> connection;
        bool reused = false;
        std::optional<Url> proxy;
    };
    // One request and its answer on one connection.
    struct Exchange {
        const HttpRequest& request;
        const Url& url;
        const std::string& authorization;
        HeadHandler on_head;
        DataHandler on_data;
        const Cancel& cancel;
        std::optional<SteadyTime> deadline;
        bool answered = false;  // bytes of an answer came
    };

    HttpSettings settings;
    Network network;  // outlives the connections
    std::vector<Kept> kept;

    Result<Leased> lease(const Url& url, Exchange& exchange);
    Result<std::unique_ptr<Connection>> open(const Url& url, const std::optional<Url>& proxy,
                                             const Exchange& exchange);
    Result<> tunnel(Connection& connection, const Url& url, const Url& proxy,
                    const Exchange& exchange);
    void keep(Leased leased);

    std::string request_text(const Exchange& exchange, const std::optional<Url>& proxy) const;
    Result<HttpHead> run(Exchange& exchange);
    Result<HttpHead> converse(Leased& leased, Exchange& exchange);
    Result<AnswerParser> read_head(Connection& connection, Watch& watch, std::string& buffer,
                                   bool no_body, bool& answered);
    Result<bool> read_body(Connection& connection, Watch& watch, std::string& buffer,
                           AnswerParser& parser, DataHandler on_data);
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::create(HttpSettings settings) {
    Network network = TRY(Network::open(settings.tls));
    return HttpClient(
        std::unique_ptr<State>(new State{std::move(settings), std::move(network), {}}));
}

Result<HttpHead> HttpClient::stream(const HttpRequest& request, HeadHandler on_head,
                                    DataHandler on_data, const Cancel& cancel) {
    std::optional<SteadyTime> deadline;
    if (request.timeout_ms > 0)
        deadline = Clock::now() + std::chrono::milliseconds(request.timeout_ms);
    Url url = request.url;
    for (size_t redirects = 0;; redirects++) {
        bool home = url.same_origin(request.url);
        std::string authorization =
            home && !request.authorization.empty() ? request.authorization : basic(url);
        std::optional<HttpHead> redirect;
        size_t drained = 0;
        auto head_handler = [&](const HttpHead& head) -> Result<Flow> {
            if (request.follow && is_redirect(head.status)) {
                redirect = head;
                return Flow::Continue;
            }
            if (head.ok()) TRY(expect_identity(head));
            return on_head(head);
        };
        auto data_handler = [&](Bytes bytes) -> Result<Flow> {
            if (!redirect) return on_data(bytes);
            drained += bytes.size();
            return drained > drained_bytes_max ? Flow::Stop : Flow::Continue;
        };
        State::Exchange exchange{request,      url,    authorization, head_handler,
                                 data_handler, cancel, deadline};
        auto head = state_->run(exchange);
        if (!head && head.error().code == Code::Network)
            return std::move(head).error().within(url.place());
        if (!head || !redirect) return head;
        if (redirects >= state_->settings.redirects_max)
            return Error{Code::Network,
                         cat(request.url.place(), ": more than ", state_->settings.redirects_max,
                             " redirects"),
                         "check the address"};
        url = TRY(next_url(*redirect));
    }
}

Result<HttpAnswer> HttpClient::fetch(const HttpRequest& request, const Cancel& cancel) {
    uint64_t bytes_max = state_->settings.body_bytes_max;
    HttpAnswer answer;
    answer.head = TRY(stream(
        request, [](const HttpHead&) -> Result<Flow> { return Flow::Continue; },
        [&](Bytes bytes) -> Result<Flow> {
            if (bytes.size() > bytes_max - answer.body.size())
                return Error{Code::Network, cat("the answer is larger than the ",
                                                bytes_text(bytes_max), " allowed here")};
            answer.body += as_text(bytes);
            return Flow::Continue;
        },
        cancel));
    return answer;
}

Result<HttpHead> HttpClient::State::run(Exchange& exchange) {
    for (;;) {
        Leased leased = TRY(lease(exchange.url, exchange));
        auto head = converse(leased, exchange);
        // The other side may have closed a kept connection just before the request came.
        bool stale = !head && leased.reused && !exchange.answered &&
                     head.error().code == Code::Network && !exchange.cancel.requested();
        if (!stale) return head;
    }
}

Result<HttpHead> HttpClient::State::converse(Leased& leased, Exchange& exchange) {
    for (const HttpHeader& header : exchange.request.headers)
        if (!valid_header_value(header.name) || !valid_header_value(header.value))
            return Error{Code::Usage,
                         cat("the header ", printable(header.name), " holds a control character")};
    if (!valid_header_value(exchange.authorization))
        return Error{Code::Usage, "the access token holds a control character",
                     "check the variable or file it comes from for a stray line end"};
    Watch watch(settings, exchange.deadline, exchange.cancel);
    TRY(leased.connection->write(request_text(exchange, leased.proxy), watch.patience()));

    std::string buffer;
    bool no_body = exchange.request.method == HttpMethod::Head;
    AnswerParser parser =
        TRY(read_head(*leased.connection, watch, buffer, no_body, exchange.answered));
    HttpHead head = parser.head();
    head.url = exchange.url;
    if (TRY(exchange.on_head(head)) == Flow::Stop) return head;
    bool whole = TRY(read_body(*leased.connection, watch, buffer, parser, exchange.on_data));
    if (whole && parser.keep_alive() && buffer.empty()) keep(std::move(leased));
    return head;
}

// Reads until the head of the final answer is there; what lies behind it stays in `buffer`.
Result<AnswerParser> HttpClient::State::read_head(Connection& connection, Watch& watch,
                                                  std::string& buffer, bool no_body,
                                                  bool& answered) {
    std::byte chunk[16'384];
    auto nothing = [](Bytes) -> Result<Flow> { return Flow::Continue; };
    for (size_t answers = 0; answers <= interim_answers_max; answers++) {
        AnswerParser parser(no_body, settings.header_bytes_max);
        for (;;) {
            buffer.erase(0, TRY(parser.feed(as_bytes(buffer), nothing)));
            if (parser.has_head()) break;
            size_t got = TRY(watch.read(connection, chunk));
            if (got == 0) {
                TRY(parser.end());
                return Error{Code::Network, "the connection ended without an answer"};
            }
            answered = true;
            buffer += as_text(Bytes(chunk, got));
        }
        if (parser.head().status >= 200) return parser;
    }
    return Error{Code::Network, "too many interim answers"};
}

// True where the answer was read to its end, false where the handler stopped it.
Result<bool> HttpClient::State::read_body(Connection& connection, Watch& watch, std::string& buffer,
                                          AnswerParser& parser, DataHandler on_data) {
    std::vector<std::byte> chunk(chunk_bytes);
    for (;;) {
        buffer.erase(0, TRY(parser.feed(as_bytes(buffer), on_data)));
        if (parser.stopped()) return false;
        if (parser.done()) return true;
        size_t got = TRY(watch.read(connection, chunk));
        if (got == 0) {
            TRY(parser.end());
            return true;
        }
        buffer += as_text(Bytes(chunk).first(got));
    }
}

std::string HttpClient::State::request_text(const Exchange& exchange,
                                            const std::optional<Url>& proxy) const {
    const Url& url = exchange.url;
    bool by_proxy = proxy && !url.is_secure();
    std::string text =
        cat(exchange.request.method == HttpMethod::Head ? "HEAD " : "GET ",
            by_proxy ? url.text() : url.target, " HTTP/1.1\r\nHost: ", url.authority(),
            "\r\nUser-Agent: ", settings.user_agent, "\r\nAccept-Encoding: identity\r\n");
    for (const HttpHeader& header : exchange.request.headers)
        text += cat(header.name, ": ", header.value, "\r\n");
    if (!exchange.authorization.empty())
        text += cat("Authorization: ", exchange.authorization, "\r\n");
    if (by_proxy && !basic(*proxy).empty())
        text += cat("Proxy-Authorization: ", basic(*proxy), "\r\n");
    return text += "\r\n";
}

// A kept connection that is still good, or a new one.
Result<HttpClient::State::Leased> HttpClient::State::lease(const Url& url, Exchange& exchange) {
    Leased leased;
    leased.proxy = TRY(proxy_for(url, settings.proxy));
    leased.key = cat(url.scheme, "://", url.authority());
    if (leased.proxy) leased.key += cat(" by ", leased.proxy->authority());
    for (;;) {
        auto found = std::ranges::find(kept, leased.key, &Kept::key);
        if (found == kept.end()) break;
        leased.connection = std::move(found->connection);
        kept.erase(found);
        if (!leased.connection->is_quiet()) continue;
        leased.reused = true;
        return leased;
    }
    leased.connection = TRY(open(url, leased.proxy, exchange));
    return leased;
}

Result<std::unique_ptr<Connection>> HttpClient::State::open(const Url& url,
                                                            const std::optional<Url>& proxy,
                                                            const Exchange& exchange) {
    const Url& first = proxy ? *proxy : url;
    Patience patience{exchange.cancel, settings.connect_timeout_ms, exchange.deadline};
    auto connected = network.connect(first.host, first.port, patience);
    if (!connected)
        return proxy ? std::move(connected).error().within("the proxy")
                     : std::move(connected).error();
    std::unique_ptr<Connection> connection = std::move(*connected);
    if (!url.is_secure()) return connection;
    if (proxy) TRY(tunnel(*connection, url, *proxy, exchange));
    TRY(connection->start_tls(url.host, patience));
    return connection;
}

// Asks a proxy for a way through to the host; what passes after that is TLS.
Result<> HttpClient::State::tunnel(Connection& connection, const Url& url, const Url& proxy,
                                   const Exchange& exchange) {
    std::string host = url.host.find(':') == url.host.npos ? url.host : cat('[', url.host, ']');
    std::string to = cat(host, ':', url.port);
    std::string text = cat("CONNECT ", to, " HTTP/1.1\r\nHost: ", to,
                           "\r\nUser-Agent: ", settings.user_agent, "\r\n");
    if (!basic(proxy).empty()) text += cat("Proxy-Authorization: ", basic(proxy), "\r\n");
    Watch watch(settings, exchange.deadline, exchange.cancel);
    TRY(connection.write(text + "\r\n", watch.patience()));
    std::string buffer;
    bool answered = false;
    AnswerParser parser = TRY(read_head(connection, watch, buffer, true, answered));
    if (!parser.head().ok()) {
        HttpHead head = parser.head();
        head.url = proxy;
        return status_error(head).within("the proxy");
    }
    if (!buffer.empty()) return Error{Code::Network, "the proxy said more than it should"};
    return Done{};
}

void HttpClient::State::keep(Leased leased) {
    if (kept.size() >= kept_connections_max) kept.erase(kept.begin());
    kept.push_back({std::move(leased.key), std::move(leased.connection)});
}

Error status_error(const HttpHead& head) {
    std::string what = cat(head.url.place(), ": HTTP ", head.status);
    switch (head.status) {
        case 404:
        case 410:
            return {Code::NotFound, what + ", there is nothing at this address",
                    "check the address"};
        case 401:
            return {Code::Policy, what + ", it wants credentials",
                    "give a user and password in the address, or the service's access token"};
        case 403:
            return {Code::Policy, what + ", access is forbidden",
                    "check the credentials, and whether the licence must be accepted first"};
        case 407:
            return {Code::Policy, what + ", the proxy wants credentials",
                    "write them into the proxy setting: http://user:password@host:port"};
        case 429:
            return {Code::Network, what + ", too many requests", "wait a while and try again"};
        default:
            return {
                Code::Network,
                what + (head.status >= 500 ? ", the server failed" : ", not what was asked for"),
                "try again later, or use another source"};
    }
}

std::optional<int> retry_after_s(const HttpHead& head) {
    auto text = head.header("retry-after");
    auto seconds = text ? parse_integer<int>(trim(*text)) : std::nullopt;
    return seconds && *seconds >= 0 ? seconds : std::nullopt;
}

}  // namespace linnet
