#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr std::string_view call_begin = "<｜tool▁call▁begin｜>", separator = "<｜tool▁sep｜>",
                           call_end = "<｜tool▁call▁end｜>";

// function<sep>name, a line end and ```json … ``` (V3, R1), or name<sep>{…} (V3.1).
Calls read_one(std::string_view text) {
    size_t middle = text.find(separator);
    if (middle == text.npos) return std::nullopt;
    std::string_view first = text.substr(0, middle), rest = text.substr(middle + separator.size());
    size_t fence = rest.find("```");
    if (fence == rest.npos) return call_of(first, rest);
    std::string_view name = rest.substr(0, fence), code = rest.substr(fence + 3);
    if (code.starts_with("json")) code.remove_prefix(4);
    return call_of(name, code.substr(0, code.rfind("```")));
}

Calls read(std::string_view body) {
    std::vector<ToolCall> out;
    for (size_t begin; (begin = body.find(call_begin)) != body.npos;) {
        body.remove_prefix(begin + call_begin.size());
        size_t end = body.find(call_end);
        Calls calls = read_one(body.substr(0, end));
        if (!calls) return std::nullopt;
        out.insert(out.end(), calls->begin(), calls->end());
    }
    if (out.empty()) return std::nullopt;
    return out;
}

constexpr CallSection calls[] = {{"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", read, false}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls};

}  // namespace

constinit const Dialect deepseek_dialect{
    "deepseek", "DeepSeek V3 and R1, their distillations", "<｜tool▁calls▁begin｜>",
    [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
