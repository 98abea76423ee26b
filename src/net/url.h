// Addresses of the web, parsed strictly: what is not surely an http(s) address is an error, so that
// no two readers can differ about which host is meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace linnet {

struct Url {
    std::string scheme;    // "http" or "https"
    std::string user;      // decoded; empty where the address names none
    std::string password;  // decoded
    std::string host;      // lower case; an IPv6 address stands without brackets
    uint16_t port = 0;     // the scheme's own where the address names none
    std::string target;    // path and query as sent: starts with '/', no dot segments
    std::string fragment;  // as written, without '#'

    bool is_secure() const { return scheme == "https"; }
    // The host as it stands in an address or a Host header, the port where it is not the usual.
    std::string authority() const;
    std::string text() const;   // without user, password and fragment
    std::string place() const;  // for messages: also without the query, which may hold a signature
    bool same_origin(const Url& other) const;
};

// Bytes beyond ASCII are percent-encoded; control characters, spaces, backslashes, broken escapes
// and hosts that are no DNS name or IP address are refused.
Result<Url> parse_url(std::string_view text);
// What a link on the page at `base` means (RFC 3986, section 5). Credentials of the base stay with
// links of the same origin.
Result<Url> resolve_url(const Url& base, std::string_view link);

// 127.0.0.0/8, ::1 and localhost: what never leaves this machine.
bool is_loopback(std::string_view host);

// Every byte but letters, digits and -._~ as %XX; with `slashes`, '/' stays.
std::string percent_encode(std::string_view text, bool slashes = false);
// Refuses broken escapes and zero bytes.
Result<std::string> percent_decode(std::string_view text);

// "file:///a/b" or "file:/a/b" as a path of this machine.
Result<Path> parse_file_url(std::string_view text);

}  // namespace linnet
