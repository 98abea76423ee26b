#include "text/charsmap.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "text/unicode.h"

namespace linnet {
namespace {

// A unit of the double array, as the Darts library packs it.
bool has_leaf(uint32_t unit) {
    return unit >> 8 & 1;
}
uint32_t leaf_value(uint32_t unit) {
    return unit & 0x7FFF'FFFF;
}
uint32_t label(uint32_t unit) {
    return unit & 0x8000'00FF;
}
uint32_t offset(uint32_t unit) {
    return (unit >> 10) << ((unit & 0x200) >> 6);
}

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view blob) {
    if (blob.size() > bytes_max)
        return Error{Code::BadInput, cat("a normalisation map of ", blob.size(), " bytes")};
    uint32_t bytes = 0;
    bool fits = blob.size() >= sizeof bytes;
    if (fits) std::memcpy(&bytes, blob.data(), sizeof bytes);
    if (!fits || bytes > blob.size() - sizeof bytes || bytes % sizeof(uint32_t) != 0 || bytes == 0)
        return Error{Code::BadInput, "the normalisation map does not have the size it says"};
    Charsmap map;
    map.units_.resize(bytes / sizeof(uint32_t));
    std::memcpy(map.units_.data(), blob.data() + sizeof bytes, bytes);
    map.replacements_ = blob.substr(sizeof bytes + bytes);
    return map;
}

Charsmap::Match Charsmap::find(std::string_view text, bool longest) const {
    Match match;
    uint32_t node = offset(units_[0]);
    for (size_t i = 0; i < text.size(); i++) {
        auto byte = static_cast<uint8_t>(text[i]);
        node ^= byte;
        if (byte == 0 || node >= units_.size() || label(units_[node]) != byte) break;
        bool leaf = has_leaf(units_[node]);
        node ^= offset(units_[node]);
        if (!leaf) continue;
        if (node >= units_.size()) break;
        match = {i + 1, leaf_value(units_[node])};
        if (!longest) break;
    }
    return match;
}

std::string_view Charsmap::replacement(uint32_t at) const {
    if (at >= replacements_.size()) return {};
    std::string_view rest = std::string_view(replacements_).substr(at);
    return rest.substr(0, rest.find('\0'));
}

std::string Charsmap::replace_longest(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        Match match = find(text.substr(at), true);
        if (match.length > 0) {
            out += replacement(match.at);
            at += match.length;
            continue;
        }
        Decoded c = decode_utf8(text, at);
        append_utf8(out, c.code == broken_byte ? 0xFFFD : c.code);
        at += c.length;
    }
    return out;
}

std::string Charsmap::replace_graphemes(std::string_view text) const {
    constexpr size_t cluster_max = 5;
    std::string out;
    out.reserve(text.size());
    auto replace = [&](std::string_view piece) {
        Match match = find(piece, false);
        if (match.length > 0) out += replacement(match.at);
        return match.length > 0;
    };
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        utf8proc_int32_t state = 0, last = 0;
        while (end < text.size()) {
            Decoded c = decode_utf8(text, end);
            auto code = static_cast<utf8proc_int32_t>(std::min(c.code, uint32_t{0xFFFD}));
            if (c.code != broken_byte) code = static_cast<utf8proc_int32_t>(c.code);
            if (end > at && utf8proc_grapheme_break_stateful(last, code, &state)) break;
            last = code;
            end += c.length;
        }
        std::string_view cluster = text.substr(at, end - at);
        if (cluster.size() > cluster_max || !replace(cluster)) {
            for (size_t i = 0; i < cluster.size();) {
                size_t length = decode_utf8(cluster, i).length;
                std::string_view one = cluster.substr(i, length);
                if (!replace(one)) out += one;
                i += length;
            }
        }
        at = end;
    }
    return out;
}

}  // namespace linnet
