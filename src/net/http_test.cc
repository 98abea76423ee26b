#include "net/http.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "net/testing/faulty_server.h"

namespace linnet {
namespace {

using testing::Fault;
using testing::FaultyServer;

HttpSettings quick_settings() {
    HttpSettings settings;
    settings.connect_timeout_ms = 5000;
    settings.idle_timeout_ms = 5000;
    settings.body_bytes_max = 1'000'000;
    return settings;
}

HttpClient client_with(HttpSettings settings) {
    auto client = HttpClient::create(std::move(settings));
    check(bool(client), "a client can be made");
    return std::move(*client);
}

HttpRequest request_for(std::string_view url) {
    auto parsed = parse_url(url);
    check(bool(parsed), "the test's address parses");
    return {.url = std::move(*parsed)};
}

struct HttpTest : ::testing::Test {
    Result<HttpAnswer> fetch(std::string_view url) {
        return client.fetch(request_for(url), cancel);
    }
    Result<HttpAnswer> fetch_path(std::string_view path) { return fetch(server.url(path)); }
    // The error of a fetch that must fail with that code.
    std::string failure(std::string_view path, Code code = Code::Network) {
        auto answer = fetch_path(path);
        EXPECT_FALSE(answer) << path;
        if (answer) return {};
        EXPECT_EQ(answer.error().code, code) << answer.error().what;
        return answer.error().what;
    }

    Cancel cancel;
    FaultyServer server;
    HttpClient client = client_with(quick_settings());
};

std::string content_of(size_t bytes) {
    std::string out;
    for (size_t i = 0; out.size() < bytes; i++) out += cat(i, ' ');
    out.resize(bytes);
    return out;
}

TEST_F(HttpTest, GetsABodyAndKeepsTheConnection) {
    std::string content = content_of(300'000);
    server.serve("/a", content);
    for (int i = 0; i < 3; i++) {
        auto answer = fetch_path("/a");
        ASSERT_TRUE(answer) << answer.error().what;
        EXPECT_EQ(answer->head.status, 200);
        EXPECT_EQ(answer->head.header("content-type"), "application/octet-stream");
        EXPECT_EQ(answer->body, content);
    }
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_EQ(server.asked("/a")[0].header("accept-encoding"), "identity");
    EXPECT_EQ(server.asked("/a")[0].header("host"), cat("127.0.0.1:", server.port()));
}

TEST_F(HttpTest, ChunkedAndUnannouncedBodies) {
    std::string content = content_of(100'000);
    server.serve("/c", content);
    server.always("/c", {.chunked = true, .piece_bytes = 777});
    EXPECT_EQ(fetch_path("/c")->body, content);
    EXPECT_EQ(fetch_path("/c")->body, content);
    EXPECT_EQ(server.connections(), 1u);
    server.next("/c", {.no_length = true});
    EXPECT_EQ(fetch_path("/c")->body, content);
    server.serve("/empty", "");
    EXPECT_EQ(fetch_path("/empty")->body, "");
}

TEST_F(HttpTest, HeadHasNoBody) {
    server.serve("/a", content_of(1000));
    HttpRequest request = request_for(server.url("/a"));
    request.method = HttpMethod::Head;
    auto answer = client.fetch(request, cancel);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->head.header("content-length"), "1000");
    EXPECT_EQ(answer->body, "");
    EXPECT_TRUE(fetch_path("/a"));
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpTest, RangesAndHeaders) {
    server.serve("/a", content_of(1000));
    HttpRequest request = request_for(server.url("/a"));
    request.headers = {{"Range", "bytes=100-199"}};
    auto answer = client.fetch(request, cancel);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->head.status, 206);
    EXPECT_EQ(answer->body, content_of(1000).substr(100, 100));
    request.headers = {{"X-Evil", "a\r\nHost: other"}};
    EXPECT_EQ(client.fetch(request, cancel).error().code, Code::Usage);
    request.headers = {};
    request.authorization = "Bearer secret\n";
    auto refused = client.fetch(request, cancel);
    EXPECT_EQ(refused.error().code, Code::Usage);
    EXPECT_EQ(refused.error().what.find("secret"), std::string::npos);
}

TEST_F(HttpTest, TheHandlersMayStopEarly) {
    server.serve("/a", content_of(1'000'000));
    size_t got = 0;
    auto on_head = [](const HttpHead&) -> Result<Flow> { return Flow::Continue; };
    auto head = client.stream(
        request_for(server.url("/a")), on_head,
        [&](Bytes bytes) -> Result<Flow> {
            got += bytes.size();
            return Flow::Stop;
        },
        cancel);
    ASSERT_TRUE(head);
    EXPECT_GT(got, 0u);
    EXPECT_LT(got, 100'000u);
    auto own = client.stream(
        request_for(server.url("/a")), on_head,
        [&](Bytes) -> Result<Flow> { return Error{Code::NoFit, "full"}; }, cancel);
    ASSERT_FALSE(own);
    EXPECT_EQ(own.error().code, Code::NoFit);
    EXPECT_EQ(own.error().what, "full");
    auto unread = client.stream(
        request_for(server.url("/a")), [](const HttpHead&) -> Result<Flow> { return Flow::Stop; },
        [&](Bytes) -> Result<Flow> { return Error{Code::Bug, "no body was wanted"}; }, cancel);
    EXPECT_TRUE(unread);
    EXPECT_EQ(fetch_path("/a")->body.size(), 1'000'000u);  // the client is still good
}

TEST_F(HttpTest, AStatusIsAnAnswer) {
    server.serve("/a", "x");
    server.next("/a", {.status = 503, .headers = "Retry-After: 7\r\n"});
    auto answer = fetch_path("/a");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->head.status, 503);
    EXPECT_EQ(retry_after_s(answer->head), 7);
    EXPECT_EQ(fetch_path("/none")->head.status, 404);
    const std::pair<int, Code> codes[] = {
        {404, Code::NotFound}, {410, Code::NotFound}, {401, Code::Policy}, {403, Code::Policy},
        {429, Code::Network},  {500, Code::Network},  {418, Code::Network}};
    for (auto [status, code] : codes) {
        HttpHead head{.status = status, .url = *parse_url("https://u:pw@a.example/m?sig=k")};
        Error error = status_error(head);
        EXPECT_EQ(error.code, code) << status;
        EXPECT_NE(error.what.find("https://a.example/m"), std::string::npos);
        EXPECT_EQ(error.what.find("pw"), std::string::npos);
        EXPECT_EQ(error.what.find("sig"), std::string::npos);
    }
}

TEST_F(HttpTest, CutAndFalseBodiesAreErrors) {
    server.serve("/a", content_of(100'000));
    server.next("/a", {.cut_after = 50'000});
    failure("/a");
    server.next("/a", {.cut_after = 50'000, .chunked = true});
    failure("/a");
    server.next("/a", {.claim_length = 200'000});
    failure("/a");
    server.next("/a", {.claim_length = 10});  // what lies beyond is not ours
    EXPECT_EQ(fetch_path("/a")->body, content_of(10));
    EXPECT_EQ(fetch_path("/a")->body, content_of(100'000));
}

TEST_F(HttpTest, WhatIsNotHttpIsAnError) {
    server.serve("/a", "x");
    for (std::string raw :
         {"hello\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 999999 X\r\n\r\n",
          "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello\r\n",
          "HTTP/1.1 200 OK\r\nContent-Le", "\r"}) {
        server.next("/a", {.raw = raw});
        EXPECT_NE(failure("/a").find("127.0.0.1"), std::string::npos) << raw;
    }
}

TEST_F(HttpTest, WhatNeverEndsIsBounded) {
    server.serve("/a", "x");
    server.next("/a", {.endless_headers = true});
    EXPECT_NE(failure("/a").find("headers"), std::string::npos);
    server.next("/a", {.endless_interim = true});
    failure("/a");
    server.next("/a", {.endless_body = true});
    EXPECT_NE(failure("/a").find("larger"), std::string::npos);
    server.next("/a", {.endless_trailers = true});
    EXPECT_NE(failure("/a").find("headers"), std::string::npos);
    server.next("/a", {.raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                              std::string(200'000, 'e')});
    failure("/a");
    server.next("/a", {.raw = "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'e')});
    failure("/a");
}

TEST_F(HttpTest, EncodingsThatWereNotAskedForAreRefused) {
    server.serve("/a", "\x1f\x8b never unpacked");
    server.next("/a", {.headers = "Content-Encoding: gzip\r\n"});
    failure("/a", Code::Unsupported);
    server.next("/a", {.headers = "Content-Encoding: identity\r\n"});
    EXPECT_TRUE(fetch_path("/a"));
}

TEST_F(HttpTest, SilenceAndTricklesEnd) {
    HttpSettings settings = quick_settings();
    settings.idle_timeout_ms = 200;
    client = client_with(settings);
    server.serve("/a", content_of(5000));
    server.next("/a", {.stall_after = 1500});
    EXPECT_NE(failure("/a").find("nothing happened"), std::string::npos);
    server.next("/a", {.pause_ms = 30, .piece_bytes = 1});
    failure("/a");
    // Slow, but more than a thousand bytes in the time: this is fine.
    server.next("/a", {.pause_ms = 20, .piece_bytes = 500});
    EXPECT_EQ(fetch_path("/a")->body.size(), 5000u);
}

TEST_F(HttpTest, ADeadlineEndsTheRequest) {
    server.serve("/a", content_of(5000));
    server.next("/a", {.stall_after = 10});
    HttpRequest request = request_for(server.url("/a"));
    request.timeout_ms = 150;
    auto answer = client.fetch(request, cancel);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Timeout);
}

TEST_F(HttpTest, CancelInterruptsAWait) {
    server.serve("/a", content_of(5000));
    server.next("/a", {.stall_after = 10});
    std::thread other([&] {
        while (server.asked("/a").empty()) std::this_thread::yield();
        cancel.request();
    });
    auto answer = fetch_path("/a");
    other.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Interrupted);
}

TEST_F(HttpTest, RedirectsAreFollowedAndBounded) {
    server.serve("/end", "here");
    server.serve("/a", "");
    server.serve("/b", "");
    server.next("/a", {.redirect_to = "b"});
    server.next("/b", {.redirect_to = server.url("/end")});
    auto answer = fetch_path("/a");
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->body, "here");
    EXPECT_EQ(answer->head.url.text(), server.url("/end"));
    EXPECT_EQ(server.connections(), 1u);

    server.always("/loop", {.redirect_to = "/loop"});
    EXPECT_NE(failure("/loop").find("redirects"), std::string::npos);
    EXPECT_EQ(server.asked("/loop").size(), 9u);
    server.always("/out", {.redirect_to = "file:///etc/passwd"});
    failure("/out");
    server.always("/odd", {.redirect_to = "http://a b/"});
    failure("/odd");
    server.always("/nowhere", {.status = 302});
    failure("/nowhere");

    HttpRequest request = request_for(server.url("/loop"));
    request.follow = false;
    answer = client.fetch(request, cancel);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->head.header("location"), "/loop");
}

TEST_F(HttpTest, CredentialsStayWithTheirHost) {
    FaultyServer other;
    other.serve("/x", "other");
    server.serve("/end", "same");
    for (std::string path : {"/same", "/other"}) server.serve(path, "");
    server.always("/same", {.redirect_to = "/end"});
    server.always("/other", {.redirect_to = other.url("/x")});  // another port is another origin

    HttpRequest request = request_for(server.url("/same"));
    request.authorization = "Bearer token";
    ASSERT_TRUE(client.fetch(request, cancel));
    EXPECT_EQ(server.asked("/end")[0].header("authorization"), "Bearer token");
    request.url = *parse_url(server.url("/other"));
    ASSERT_TRUE(client.fetch(request, cancel));
    EXPECT_EQ(server.asked("/other")[0].header("authorization"), "Bearer token");
    EXPECT_EQ(other.asked("/x")[0].header("authorization"), "");

    std::string login = cat("http://ann:p%40w@127.0.0.1:", server.port());
    ASSERT_TRUE(fetch(login + "/same"));
    EXPECT_EQ(server.asked("/same").back().header("authorization"), "Basic " + base64("ann:p@w"));
    EXPECT_EQ(server.asked("/end").back().header("authorization"), "Basic " + base64("ann:p@w"));
    ASSERT_TRUE(fetch(login + "/other"));
    EXPECT_EQ(other.asked("/x").back().header("authorization"), "");
}

TEST_F(HttpTest, AStaleConnectionIsReplaced) {
    server.serve("/a", "x");
    ASSERT_TRUE(fetch_path("/a"));
    server.next("/a", {.cut_after = 0});
    failure("/a");
    EXPECT_TRUE(fetch_path("/a"));
}

TEST_F(HttpTest, HostsThatAreNotThere) {
    uint16_t closed_port;
    {
        closed_port = FaultyServer().port();
    }
    auto refused = fetch(cat("http://127.0.0.1:", closed_port, "/"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Network);
    EXPECT_NE(refused.error().what.find("refused"), std::string::npos);
    auto nameless = fetch("http://no-such-host.invalid/");
    ASSERT_FALSE(nameless);
    EXPECT_EQ(nameless.error().code, Code::Network);
    EXPECT_NE(nameless.error().what.find("no-such-host.invalid"), std::string::npos);
}

TEST_F(HttpTest, PlainProxy) {
    HttpSettings settings = quick_settings();
    settings.proxy.http_proxy = cat("http://me:pw@127.0.0.1:", server.port());
    settings.proxy.no_proxy = "direct.invalid";
    client = client_with(settings);
    server.serve("http://models.example/a", "by proxy");
    auto answer = fetch("http://models.example/a");
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->body, "by proxy");
    auto asked = server.asked("http://models.example/a").at(0);
    EXPECT_EQ(asked.header("host"), "models.example");
    EXPECT_EQ(asked.header("proxy-authorization"), "Basic " + base64("me:pw"));
    EXPECT_FALSE(fetch("http://direct.invalid/a"));
    EXPECT_EQ(server.asked().size(), 1u);
}

struct TlsTest : HttpTest {
    HttpSettings trusting() {
        EXPECT_TRUE(write_file_atomic(folder.path() / "ca.pem", identity.authority_pem));
        HttpSettings settings = quick_settings();
        settings.tls.ca_file = folder.path() / "ca.pem";
        return settings;
    }
    testing::TemporaryFolder folder;
    testing::TlsIdentity identity = testing::make_identity("DNS:models.example,IP:127.0.0.1");
    FaultyServer secure{&identity};
};

TEST_F(TlsTest, TrustedIsRead) {
    std::string content = content_of(500'000);
    secure.serve("/a", content);
    client = client_with(trusting());
    for (int i = 0; i < 2; i++) {
        auto answer = fetch(secure.url("/a"));
        ASSERT_TRUE(answer) << answer.error().what;
        EXPECT_EQ(answer->body, content);
    }
    EXPECT_EQ(secure.connections(), 1u);
    secure.next("/a", {.cut_after = 100'000});
    EXPECT_EQ(fetch(secure.url("/a")).error().code, Code::Network);
    secure.next("/a",
                {.cut_after = 100'000, .no_length = true});  // no close_notify: cut, not ended
    EXPECT_EQ(fetch(secure.url("/a")).error().code, Code::Network);
}

TEST_F(TlsTest, UntrustedIsRefused) {
    secure.serve("/a", "x");
    auto answer = fetch(secure.url("/a"));  // the system does not know this authority
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Network);
    EXPECT_NE(answer.error().what.find("not trusted"), std::string::npos) << answer.error().what;
    EXPECT_TRUE(secure.asked().empty());

    HttpSettings settings = trusting();
    auto elsewhere = testing::make_identity("DNS:other.example");
    FaultyServer impostor(&elsewhere);
    ASSERT_TRUE(write_file_atomic(folder.path() / "ca.pem", elsewhere.authority_pem));
    client = client_with(settings);
    answer = fetch(impostor.url("/a"));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().what.find("another host"), std::string::npos) << answer.error().what;

    auto old = testing::make_identity("IP:127.0.0.1", -1);
    FaultyServer expired(&old);
    ASSERT_TRUE(write_file_atomic(folder.path() / "ca.pem", old.authority_pem));
    client = client_with(settings);
    answer = fetch(expired.url("/a"));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().what.find("expired"), std::string::npos) << answer.error().what;

    settings.tls.ca_file = folder.path() / "none.pem";
    EXPECT_FALSE(HttpClient::create(settings));
    settings = quick_settings();
    settings.connect_timeout_ms = 300;
    client = client_with(settings);
    answer = fetch(cat("https://127.0.0.1:", server.port(), "/"));  // no TLS there
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Network);
}

TEST_F(TlsTest, RedirectsNeverLeaveTls) {
    server.serve("/plain", "x");
    secure.always("/down", {.redirect_to = server.url("/plain")});
    server.always("/up", {.redirect_to = secure.url("/a")});
    secure.serve("/a", "safe");
    client = client_with(trusting());
    auto answer = fetch(secure.url("/down"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Policy);
    EXPECT_TRUE(server.asked("/plain").empty());
    EXPECT_EQ(fetch_path("/up")->body, "safe");
}

TEST_F(TlsTest, TunnelsThroughAProxy) {
    HttpSettings settings = trusting();
    settings.proxy.https_proxy = cat("me:pw@127.0.0.1:", server.port());
    client = client_with(settings);
    secure.serve("/a", "through");
    server.set_tunnel_port(secure.port());
    auto answer = fetch("https://models.example/a");
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->body, "through");
    EXPECT_EQ(server.asked("models.example:443").at(0).header("proxy-authorization"),
              "Basic " + base64("me:pw"));
    EXPECT_EQ(secure.asked("/a").at(0).header("host"), "models.example");
    EXPECT_EQ(secure.asked("/a").at(0).header("proxy-authorization"), "");

    server.set_tunnel_port(1);  // nobody listens there
    auto broken = client_with(settings).fetch(request_for("https://models.example/a"), cancel);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Code::Network);
    EXPECT_NE(broken.error().what.find("proxy"), std::string::npos);
    EXPECT_EQ(broken.error().what.find("pw"), std::string::npos);
}

TEST(Proxy, Choice) {
    ProxySettings settings{
        "http://p.example:1", "p.example:2",
        "skip.example, .dot.example,*.star.example,10.0.0.0/8,192.0.2.7,2001:db8::/32,"
        "port.example:8080,"};
    auto chosen = [&](std::string_view url) {
        auto proxy = proxy_for(*parse_url(url), settings);
        EXPECT_TRUE(proxy) << url;
        return *proxy ? (*proxy)->port : 0;
    };
    EXPECT_EQ(chosen("http://a.example/"), 1);
    EXPECT_EQ(chosen("https://a.example/"), 2);
    for (std::string_view url :
         {"http://skip.example/", "https://b.skip.example/", "http://dot.example/",
          "http://x.dot.example/", "http://x.star.example/", "http://10.9.8.7/",
          "http://192.0.2.7/", "http://[2001:db8::5]/", "http://port.example:8080/",
          "http://localhost/", "http://127.0.0.1/", "http://[::1]/"})
        EXPECT_EQ(chosen(url), 0) << url;
    for (std::string_view url :
         {"http://notskip.example/", "http://11.0.0.1/", "http://192.0.2.70/",
          "http://port.example/", "http://[2001:db9::5]/"})
        EXPECT_EQ(chosen(url), 1) << url;
    settings.no_proxy = "*";
    EXPECT_EQ(chosen("http://a.example/"), 0);
    settings = {"socks5://p.example", "", ""};
    auto odd = proxy_for(*parse_url("http://a.example/"), settings);
    EXPECT_FALSE(odd);
    EXPECT_FALSE(*proxy_for(*parse_url("https://a.example/"), settings));
}

TEST(Base64, KnownAnswers) {  // RFC 4648
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace linnet
