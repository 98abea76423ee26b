// Llama 3 writes a JSON object as its whole answer, functions of its own tools behind
// <|python_tag|>, and where it is told so <function=name>{…}</function>.
#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

// brave_search.call(query="…"), or JSON.
Calls read_tagged(std::string_view body) {
    if (Calls calls = calls_from_json_row(body)) return calls;
    Calls calls = calls_from_python(body);
    if (!calls) return std::nullopt;
    for (ToolCall& call : *calls)
        if (call.name.ends_with(".call")) call.name.resize(call.name.size() - 5);
    return calls;
}

Calls read_function(std::string_view body) {
    size_t end = body.find('>');
    if (end == body.npos) return std::nullopt;
    return call_of(body.substr(0, end), body.substr(end + 1));
}

constexpr CallSection calls[] = {{"<|python_tag|>", "", read_tagged},
                                 {"<function=", "</function>", read_function}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls, true};

}  // namespace

constinit const Dialect llama3_dialect{"llama3", "Llama 3.1, 3.2 and 3.3, Functionary 3.1",
                                       "<|start_header_id|>",
                                       [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
