#include "net/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

constexpr size_t url_bytes_max = 8192;
constexpr char hex_digits[] = "0123456789ABCDEF";

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
bool is_escape(std::string_view text, size_t at) {
    return at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

void append_escaped(std::string& out, char c) {
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
}

// The address may hold a password, so no error repeats it.
Error bad_url(std::string_view why) {
    return {Code::BadInput, cat("not a usable web address: ", why),
            "write for example https://example.org/folder/model.gguf"};
}

// Path, query or fragment: what RFC 3986 allows there, and UTF-8, which is encoded on the way.
Result<std::string> clean(std::string_view text) {
    constexpr std::string_view allowed = "-._~!$&'()*+,;=:@/?";
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x80) {
            append_escaped(out, c);
        } else if (is_alnum(c) || allowed.find(c) != allowed.npos ||
                   (c == '%' && is_escape(text, i))) {
            out += c;
        } else {
            return bad_url(c == '%' ? "a % that begins no escape"
                                    : cat("it holds the character '", printable({&c, 1}), "'"));
        }
    }
    return out;
}

// RFC 3986, 5.2.4. REQUIRES: path starts with '/'.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    auto segments = split(path.substr(1), '/');
    for (size_t i = 0; i < segments.size(); i++) {
        std::string plain = replace_all(lower(segments[i]), "%2e", ".");
        bool last = i + 1 == segments.size();
        if (plain == ".." && !kept.empty()) kept.pop_back();
        if (plain != ".." && plain != ".")
            kept.push_back(segments[i]);
        else if (last)
            kept.push_back("");
    }
    std::string out;
    for (std::string_view segment : kept) out += cat('/', segment);
    return out.empty() ? "/" : out;
}

// inet_pton would stop at a zero byte.
bool is_address(int family, const std::string& host) {
    in6_addr address;
    return host.find('\0') == host.npos && inet_pton(family, host.c_str(), &address) == 1;
}

Result<> check_host(const std::string& host) {
    if (host.empty()) return bad_url("it names no host");
    if (host.size() > 253) return bad_url("the host name is too long");
    if (is_address(AF_INET, host)) return Done{};
    bool number = false;
    std::string_view labels = host;
    if (labels.ends_with('.')) labels.remove_suffix(1);
    for (std::string_view label : split(labels, '.')) {
        auto fits = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
        if (label.empty() || label.size() > 63 || !std::ranges::all_of(label, fits) ||
            label.front() == '-' || label.back() == '-')
            return bad_url(cat("'", printable(host, 80), "' is not a host name"));
        number = label.front() >= '0' && label.front() <= '9' &&
                 label.find_first_not_of("0123456789abcdefx") == label.npos;
    }
    // "127.1", "0x7f000001" and "2130706433" are addresses to some resolvers and names to others.
    if (number) return bad_url(cat("'", printable(host, 80), "' is neither a name nor an address"));
    return Done{};
}

Result<> parse_authority(std::string_view text, Url& url) {
    if (size_t at = text.rfind('@'); at != text.npos) {
        std::string_view login = text.substr(0, at);
        size_t colon = login.find(':');
        url.user = TRY(percent_decode(login.substr(0, colon)));
        if (colon != login.npos) url.password = TRY(percent_decode(login.substr(colon + 1)));
        // A colon in the user's name would move the border to the password in basic authentication.
        if (url.user.find(':') != url.user.npos) return bad_url("the user's name holds a colon");
        text.remove_prefix(at + 1);
    }
    std::string_view port;
    if (text.starts_with('[')) {
        size_t end = text.find(']');
        if (end == text.npos) return bad_url("an IPv6 address without its ]");
        url.host = lower(text.substr(1, end - 1));
        if (!is_address(AF_INET6, url.host))
            return bad_url("what stands in [ ] is no IPv6 address");
        text.remove_prefix(end + 1);
        if (!text.empty() && text[0] != ':') return bad_url("text behind the ] of an address");
        port = text.empty() ? text : text.substr(1);
    } else {
        size_t colon = text.find(':');
        url.host = lower(text.substr(0, colon));
        TRY(check_host(url.host));
        if (colon != text.npos) port = text.substr(colon + 1);
    }
    url.port = url.is_secure() ? 443 : 80;
    if (port.empty()) return Done{};
    auto number = parse_integer<uint16_t>(port);
    if (!number || *number == 0) return bad_url("the port is no number from 1 to 65535");
    url.port = *number;
    return Done{};
}

// Path and query, and the fragment, from what follows the authority.
Result<> parse_rest(std::string_view text, Url& url) {
    size_t hash = text.find('#');
    if (hash != text.npos) url.fragment = TRY(clean(text.substr(hash + 1)));
    text = text.substr(0, hash);
    size_t question = text.find('?');
    std::string path = TRY(clean(text.substr(0, question)));
    url.target = without_dots(path.empty() ? "/" : path);
    if (question != text.npos) url.target += cat('?', TRY(clean(text.substr(question + 1))));
    return Done{};
}

// The scheme in front of ':', lower case; empty where the text has none.
std::string scheme_of(std::string_view text) {
    size_t colon = text.find(':');
    if (colon == text.npos || colon == 0 || !std::isalpha(static_cast<unsigned char>(text[0])))
        return {};
    std::string_view scheme = text.substr(0, colon);
    auto fits = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
    return std::ranges::all_of(scheme, fits) ? lower(scheme) : std::string();
}

}  // namespace

std::string Url::authority() const {
    std::string out = host.find(':') == host.npos ? host : cat('[', host, ']');
    if (port != (is_secure() ? 443 : 80)) out += cat(':', port);
    return out;
}

std::string Url::text() const {
    return cat(scheme, "://", authority(), target);
}

std::string Url::place() const {
    return cat(scheme, "://", authority(), target.substr(0, target.find('?')));
}

bool Url::same_origin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > url_bytes_max) return bad_url(cat("longer than ", url_bytes_max, " bytes"));
    Url url;
    url.scheme = scheme_of(text);
    if (url.scheme != "http" && url.scheme != "https")
        return bad_url("it starts with neither http:// nor https://");
    text.remove_prefix(url.scheme.size() + 1);
    if (!text.starts_with("//")) return bad_url("no // behind the scheme");
    text.remove_prefix(2);
    size_t end = std::min(text.find_first_of("/?#"), text.size());
    TRY(parse_authority(text.substr(0, end), url));
    TRY(parse_rest(text.substr(end), url));
    return url;
}

Result<Url> resolve_url(const Url& base, std::string_view link) {
    if (link.size() > url_bytes_max) return bad_url(cat("longer than ", url_bytes_max, " bytes"));
    Url url;
    if (!scheme_of(link).empty()) {
        url = TRY(parse_url(link));
    } else if (link.starts_with("//")) {
        url = TRY(parse_url(cat(base.scheme, ':', link)));
    } else {
        url = base;
        url.fragment.clear();
        std::string_view path = std::string_view(base.target).substr(0, base.target.find('?'));
        std::string whole;
        if (link.starts_with('/'))
            whole = link;
        else if (link.starts_with('?'))
            whole = cat(path, link);
        else if (link.empty() || link.starts_with('#'))
            whole = cat(base.target, link);
        else
            whole = cat(path.substr(0, path.rfind('/') + 1), link);
        TRY(parse_rest(whole, url));
    }
    if (url.target.size() > url_bytes_max) return bad_url("too long");
    if (url.user.empty() && url.password.empty() && url.same_origin(base)) {
        url.user = base.user;
        url.password = base.password;
    }
    return url;
}

bool is_loopback(std::string_view host) {
    std::string name = lower(host);
    if (name.ends_with('.')) name.pop_back();
    if (name == "localhost" || name.ends_with(".localhost") || name == "::1") return true;
    return name.starts_with("127.") && is_address(AF_INET, name);
}

std::string percent_encode(std::string_view text, bool slashes) {
    std::string out;
    for (char c : text) {
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (slashes && c == '/'))
            out += c;
        else
            append_escaped(out, c);
    }
    return out;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        char c = text[i];
        if (c == '%') {
            if (!is_escape(text, i)) return bad_url("a % that begins no escape");
            c = static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        }
        if (c == '\0') return bad_url("it holds a zero byte");
        out += c;
    }
    return out;
}

Result<Path> parse_file_url(std::string_view text) {
    if (scheme_of(text) != "file") return bad_url("it does not start with file:");
    text.remove_prefix(5);
    if (text.starts_with("//")) {
        text.remove_prefix(2);
        size_t slash = std::min(text.find('/'), text.size());
        std::string host = lower(text.substr(0, slash));
        if (!host.empty() && host != "localhost")
            return bad_url("a file: address of another machine");
        text.remove_prefix(slash);
    }
    text = text.substr(0, text.find_first_of("?#"));
    if (!text.starts_with('/')) return bad_url("a file: address needs an absolute path");
    return Path(TRY(percent_decode(text)));
}

}  // namespace linnet
