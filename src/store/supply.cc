#include "store/supply.h"

#include "base/text.h"

namespace linnet {

Result<> check_transport(const Url& url, bool hash_is_known) {
    if (url.is_secure() || hash_is_known || is_loopback(url.host)) return Done{};
    return Error{Code::Policy,
                 cat(url.place(), " would come without TLS, and no hash says what it should be"),
                 "use an https address, or add #sha256= and the hash of the file"};
}

std::optional<ContentRange> parse_content_range(const HttpHead& head) {
    auto text = head.header("content-range");
    if (!text || !text->starts_with("bytes ")) return std::nullopt;
    std::string_view rest = trim(text->substr(6));
    size_t dash = rest.find('-'), slash = rest.find('/');
    if (dash == rest.npos || slash == rest.npos || slash < dash) return std::nullopt;
    auto first = parse_integer<uint64_t>(rest.substr(0, dash));
    auto last = parse_integer<uint64_t>(rest.substr(dash + 1, slash - dash - 1));
    if (!first || !last || *last < *first) return std::nullopt;
    ContentRange range{*first, *last, parse_integer<uint64_t>(rest.substr(slash + 1))};
    if (range.total && *range.total <= range.last) return std::nullopt;
    return range;
}

}  // namespace linnet
