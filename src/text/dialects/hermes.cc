// <tool_call> around JSON (Hermes, Qwen 2.5 and 3, SmolLM3), around XML (Qwen3-Coder and 3.5), or
// around a name with keys and values (GLM 4.5).
#include "base/text.h"
#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

// What stands between two tags, and what follows it.
struct Between {
    std::string_view inside, after;
};
std::optional<Between> between(std::string_view text, std::string_view open,
                               std::string_view close) {
    size_t begin = text.find(open);
    if (begin == text.npos) return std::nullopt;
    begin += open.size();
    size_t end = text.find(close, begin);
    if (end == text.npos) return std::nullopt;
    return Between{text.substr(begin, end - begin), text.substr(end + close.size())};
}

// One line end on either side belongs to the tags.
std::string_view unwrapped(std::string_view text) {
    if (text.starts_with('\n')) text.remove_prefix(1);
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

// Values come as text; what reads as JSON of another kind is taken for that.
Json value_of(std::string_view text) {
    auto json = Json::parse(text);
    return json && !json->is_string() ? *std::move(json) : Json(text);
}

Calls read_xml(std::string_view body) {
    std::vector<ToolCall> calls;
    while (auto function = between(body, "<function=", "</function>")) {
        size_t end = function->inside.find('>');
        if (end == std::string_view::npos) return std::nullopt;
        ToolCall call{.id = {}, .name = std::string(trimmed(function->inside.substr(0, end)))};
        std::string_view rest = function->inside.substr(end + 1);
        while (auto parameter = between(rest, "<parameter=", "</parameter>")) {
            end = parameter->inside.find('>');
            if (end == std::string_view::npos) return std::nullopt;
            call.arguments.set(trimmed(parameter->inside.substr(0, end)),
                               value_of(unwrapped(parameter->inside.substr(end + 1))));
            rest = parameter->after;
        }
        if (call.name.empty()) return std::nullopt;
        calls.push_back(std::move(call));
        body = function->after;
    }
    if (calls.empty()) return std::nullopt;
    return calls;
}

Calls read_keys(std::string_view body) {
    size_t end = std::min(body.find("<arg_key>"), body.size());
    Calls calls = call_of(body.substr(0, end), "");
    if (!calls) return std::nullopt;
    std::string_view rest = body.substr(end);
    while (auto key = between(rest, "<arg_key>", "</arg_key>")) {
        auto value = between(key->after, "<arg_value>", "</arg_value>");
        if (!value) return std::nullopt;
        (*calls)[0].arguments.set(trimmed(key->inside), value_of(unwrapped(value->inside)));
        rest = value->after;
    }
    return calls;
}

Calls read(std::string_view body) {
    body = trimmed(body);
    if (body.starts_with("<function=")) return read_xml(body);
    return body.starts_with('{') || body.starts_with('[') ? calls_from_json(body) : read_keys(body);
}

constexpr CallSection calls[] = {{"<tool_call>", "</tool_call>", read}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls};

}  // namespace

constinit const Dialect hermes_dialect{"hermes", "Hermes, Qwen 2.5 and 3, SmolLM3, GLM 4.5",
                                       "<tool_call>",
                                       [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
