#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

Calls read(std::string_view body) {
    Calls calls = calls_from_python(body);
    return calls ? calls : calls_from_json(body);
}

constexpr CallSection calls[] = {{"<|tool_call_start|>", "<|tool_call_end|>", read, false}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls};

}  // namespace

constinit const Dialect lfm2_dialect{"lfm2", "LFM2", "<|tool_call_start|>",
                                     [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
