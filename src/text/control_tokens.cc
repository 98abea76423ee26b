#include "text/control_tokens.h"

#include <algorithm>

namespace linnet {
namespace {

constexpr std::string_view mark = "\xEF\xB7\x90";     // U+FDD0, which is no character
constexpr std::string_view escaped_mark = "\\ufdd0";  // as tojson(ensure_ascii=true) writes it
constexpr size_t start_size = 2;  // bytes by which tokens are found; shorter ones are not marked

size_t character_length(char lead) {
    auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

ControlTokens::ControlTokens(std::span<const std::string> spelled) {
    for (const std::string& token : spelled)
        if (token.size() > start_size) {
            by_start_[token.substr(0, start_size)].push_back(token);
            starts_[static_cast<unsigned char>(token[0])] = true;
        }
}

std::string ControlTokens::marked(std::string_view text) const {
    std::string out;
    for (size_t at = 0; at < text.size(); at++) {
        std::string_view rest = text.substr(at);
        if (!starts_[static_cast<unsigned char>(rest[0])] && rest[0] != mark[0]) {
            out += rest[0];
            continue;
        }
        if (rest.starts_with(mark)) {  // somebody else's
            at += mark.size() - 1;
            continue;
        }
        auto tokens = by_start_.find(std::string(rest.substr(0, start_size)));
        bool found = tokens != by_start_.end() &&
                     std::any_of(tokens->second.begin(), tokens->second.end(),
                                 [&](const std::string& token) { return rest.starts_with(token); });
        if (!found) {
            out += text[at];
            continue;
        }
        size_t length = character_length(text[at]);
        (out += rest.substr(0, length)) += mark;
        at += length - 1;
    }
    return out;
}

Json ControlTokens::marked_texts(Json value) const {
    if (const std::string* text = value.as_string()) return Json(marked(*text));
    if (Json::Array* items = value.as_array())
        for (Json& item : *items) item = marked_texts(std::move(item));
    if (Json::Object* members = value.as_object())
        for (auto& [name, member] : *members) member = marked_texts(std::move(member));
    return value;
}

std::vector<size_t> take_marks(std::string& text) {
    std::vector<size_t> places;
    std::string out;
    size_t plain = text.find(mark), escaped = text.find(escaped_mark);
    for (size_t at = 0; at < text.size();) {
        if (plain < at) plain = text.find(mark, at);
        if (escaped < at) escaped = text.find(escaped_mark, at);
        size_t next = std::min(plain, escaped);
        out.append(text, at, next - at);
        if (next == std::string::npos) break;
        places.push_back(out.size());
        at = next + (text[next] == '\\' ? escaped_mark.size() : mark.size());
    }
    text = std::move(out);
    return places;
}

}  // namespace linnet
