// [TOOL_CALLS] before an array of calls, or, in later models, before each name, with [ARGS] between
// it and its arguments.
#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr std::string_view open = "[TOOL_CALLS]", arguments_mark = "[ARGS]", id_mark = "[CALL_ID]";

Calls read_named(std::string_view text) {
    size_t arguments = text.find(arguments_mark);
    if (arguments == text.npos) {
        // name{…}
        size_t brace = text.find('{');
        if (brace == text.npos) return std::nullopt;
        return call_of(text.substr(0, brace), text.substr(brace));
    }
    std::string_view name = text.substr(0, arguments);
    size_t id = name.find(id_mark);
    Calls calls = call_of(name.substr(0, id), text.substr(arguments + arguments_mark.size()));
    if (calls && id != name.npos) (*calls)[0].id = trimmed(name.substr(id + id_mark.size()));
    return calls;
}

Calls read(std::string_view body) {
    std::vector<ToolCall> out;
    for (;;) {
        size_t next = body.find(open);
        std::string_view one = trimmed(body.substr(0, next));
        bool json = one.starts_with('[') || one.starts_with('{');
        Calls calls = json ? calls_from_json(one) : read_named(one);
        if (!calls) return std::nullopt;
        out.insert(out.end(), calls->begin(), calls->end());
        if (next == body.npos) return out;
        body.remove_prefix(next + open.size());
    }
}

constexpr CallSection calls[] = {{open, "", read}};
constexpr SectionSyntax syntax{"[THINK]", "[/THINK]", calls};

}  // namespace

constinit const Dialect mistral_dialect{"mistral", "Mistral, Ministral, Magistral, Devstral",
                                        "[TOOL_CALLS]",
                                        [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
