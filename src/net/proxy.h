// Which proxy, if any, stands between this machine and an address: the usual variables, as values.
#pragma once

#include <optional>
#include <string>

#include "net/url.h"

namespace linnet {

// As in the variables of these names, which the program reads; empty where unset.
struct ProxySettings {
    std::string http_proxy;   // for http:// addresses
    std::string https_proxy;  // for https:// addresses
    std::string no_proxy;     // "example.org,.intern,10.0.0.0/8,*"
};

// The proxy for `url`, or nothing. Loopback addresses never go through one. An entry of no_proxy
// stands for a host and all below it, an address, or a range of addresses; a port may follow.
// "*" turns proxies off.
Result<std::optional<Url>> proxy_for(const Url& url, const ProxySettings& settings);

}  // namespace linnet
