#include "net/proxy.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"

namespace linnet {
namespace {

// An address as 4 or 16 bytes; empty where the text is none.
std::string address_bytes(std::string_view text) {
    std::string copy(text), out(16, '\0');
    if (inet_pton(AF_INET, copy.c_str(), out.data()) == 1) return out.substr(0, 4);
    if (inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
    return {};
}

bool in_range(const std::string& address, std::string_view range) {
    size_t slash = range.find('/');
    std::string base = address_bytes(range.substr(0, slash));
    auto bits = parse_integer<unsigned>(range.substr(slash + 1));
    if (base.empty() || base.size() != address.size() || !bits || *bits > 8 * base.size())
        return false;
    if (std::memcmp(base.data(), address.data(), *bits / 8) != 0) return false;
    if (*bits % 8 == 0) return true;
    auto differ = static_cast<unsigned char>(base[*bits / 8] ^ address[*bits / 8]);
    return differ >> (8 - *bits % 8) == 0;
}

bool spared(const Url& url, std::string_view entry) {
    if (entry == "*") return true;
    std::string address = address_bytes(url.host);
    if (entry.find('/') != entry.npos) return !address.empty() && in_range(address, entry);
    if (!address.empty() && address_bytes(entry) == address) return true;
    if (size_t colon = entry.rfind(':'); colon != entry.npos && entry.find(':') == colon) {
        if (parse_integer<uint16_t>(entry.substr(colon + 1)) != url.port) return false;
        entry = entry.substr(0, colon);
    }
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with('.')) entry.remove_prefix(1);
    std::string name = lower(entry);
    return !name.empty() && (url.host == name || url.host.ends_with("." + name));
}

}  // namespace

Result<std::optional<Url>> proxy_for(const Url& url, const ProxySettings& settings) {
    std::string_view text = trim(url.is_secure() ? settings.https_proxy : settings.http_proxy);
    if (text.empty() || is_loopback(url.host)) return std::optional<Url>();
    for (std::string_view part : split(settings.no_proxy, ','))
        if (std::string_view entry = trim(part); !entry.empty() && spared(url, entry))
            return std::optional<Url>();
    bool has_scheme = text.find("://") != text.npos;
    auto proxy = parse_url(has_scheme ? std::string(text) : cat("http://", text));
    if (!proxy)
        return std::move(proxy.error())
            .within("the proxy setting")
            .advise("write for example http://proxy.example:3128");
    if (proxy->is_secure())
        return Error{Code::Unsupported, "a proxy that is itself reached by TLS is not supported",
                     "name it with http:// if it answers there too"};
    return std::optional<Url>(std::move(*proxy));
}

}  // namespace linnet
