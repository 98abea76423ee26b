#include "net/url.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace linnet {
namespace {

Url good(std::string_view text) {
    auto url = parse_url(text);
    EXPECT_TRUE(url) << text << ": " << (url ? "" : url.error().what);
    return url ? *url : Url{};
}

TEST(Url, Parts) {
    Url url = good("HTTPS://Ann%40home:p%3Aw@Example.ORG:8443/a/b%20c?x=1&y=/?#frag");
    EXPECT_EQ(url.scheme, "https");
    EXPECT_EQ(url.user, "Ann@home");
    EXPECT_EQ(url.password, "p:w");
    EXPECT_EQ(url.host, "example.org");
    EXPECT_EQ(url.port, 8443);
    EXPECT_EQ(url.target, "/a/b%20c?x=1&y=/?");
    EXPECT_EQ(url.fragment, "frag");
    EXPECT_EQ(url.text(), "https://example.org:8443/a/b%20c?x=1&y=/?");
}

TEST(Url, ShortForms) {
    EXPECT_EQ(good("http://example.org").text(), "http://example.org/");
    EXPECT_EQ(good("http://example.org?q").text(), "http://example.org/?q");
    EXPECT_EQ(good("http://example.org:80/").text(), "http://example.org/");
    EXPECT_EQ(good("https://example.org:80/").text(), "https://example.org:80/");
    EXPECT_EQ(good("http://[::1]:81/x").authority(), "[::1]:81");
    EXPECT_EQ(good("http://[::1]:81/x").host, "::1");
    EXPECT_EQ(good("http://127.0.0.1/").host, "127.0.0.1");
    EXPECT_EQ(good("http://a/b/../c/./d/..").target, "/c/");
    EXPECT_EQ(good("http://a/%2e%2E/../x").target, "/x");
    EXPECT_EQ(good("http://a/\xC3\xA9").target, "/%C3%A9");
}

TEST(Url, Refused) {
    for (std::string_view text : {"",
                                  "http",
                                  "http:",
                                  "http:/a",
                                  "http://",
                                  "http:///x",
                                  "ftp://a/",
                                  "file:///etc/passwd",
                                  "javascript:alert(1)",
                                  "http://a b/",
                                  "http://a/b c",
                                  "http://a/\r\nHost: x",
                                  "http://a\\b/",
                                  "http://a/%",
                                  "http://a/%2",
                                  "http://a/%zz",
                                  "http://a:0/",
                                  "http://a:65536/",
                                  "http://a:x/",
                                  "http://a:-1/",
                                  "http://[::1/",
                                  "http://[1.2.3.4]/",
                                  "http://[::1]x/",
                                  "http://a..b/",
                                  "http://-a/",
                                  "http://\xC3\xA9.org/",
                                  "http://user:p%0@a/",
                                  "http://u%00@a/",
                                  "http://127.1/",
                                  "http://2130706433/",
                                  "http://0x7f000001/",
                                  "http://0177.0.0.1/",
                                  "http://u%3Ax:p@a/",
                                  "http://a/<script>",
                                  "//a/b",
                                  "http://a/\x7f"}) {
        auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Code::BadInput);
    }
    EXPECT_FALSE(parse_url(std::string_view("http://[::\0x]/", 14)));
    EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')));
    EXPECT_FALSE(parse_url("http://" + std::string(300, 'x')));
}

TEST(Url, ErrorsNeverRepeatThePassword) {
    auto url = parse_url("https://ann:hunter2@exa mple/");
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().what.find("hunter2"), std::string::npos);
    EXPECT_EQ(good("https://ann:hunter2@example.org/").text().find("hunter2"), std::string::npos);
}

// The examples of RFC 3986, 5.4, that http(s) can meet.
TEST(Url, ResolvesAsTheStandardSays) {
    Url base = good("http://a/b/c/d;p?q");
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://z/k", "https://z/k"},
    };
    for (auto [link, expected] : cases) {
        auto url = resolve_url(base, link);
        ASSERT_TRUE(url) << link;
        EXPECT_EQ(url->text(), expected) << link;
    }
    EXPECT_EQ(resolve_url(base, "g#sha256=00")->fragment, "sha256=00");
    for (std::string_view link :
         {"ftp://x/", "file:///etc/passwd", "g h", "javascript:x", "http:g"})
        EXPECT_FALSE(resolve_url(base, link)) << link;
}

TEST(Url, CredentialsStayWithTheirOrigin) {
    Url base = good("https://u:p@a.example/x/");
    EXPECT_EQ(resolve_url(base, "y")->password, "p");
    EXPECT_EQ(resolve_url(base, "https://a.example/z")->password, "p");
    EXPECT_EQ(resolve_url(base, "https://v:q@a.example/z")->password, "q");
    for (std::string_view other :
         {"https://b.example/", "http://a.example/", "https://a.example:444/"})
        EXPECT_EQ(resolve_url(base, other)->password, "") << other;
}

TEST(Url, Loopback) {
    for (std::string_view host :
         {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (std::string_view host :
         {"localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "::2", ""})
        EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, Files) {
    EXPECT_EQ(*parse_file_url("file:///a/b%20c"), Path("/a/b c"));
    EXPECT_EQ(*parse_file_url("file:/a"), Path("/a"));
    EXPECT_EQ(*parse_file_url("FILE://localhost/a"), Path("/a"));
    for (std::string_view text :
         {"file:a", "file://host/a", "file://", "http://a/", "file:///%00", "/a"})
        EXPECT_FALSE(parse_file_url(text)) << text;
}

RC_GTEST_PROP(Url, EscapesComeBack, (const std::string& text)) {
    auto back = percent_decode(percent_encode(text));
    if (text.find('\0') != text.npos) {
        RC_ASSERT(!back);
    } else {
        RC_ASSERT(*back == text);
        auto url = parse_url("http://host.example/" + percent_encode(text, true));
        RC_ASSERT(bool(url));
    }
}

}  // namespace
}  // namespace linnet
