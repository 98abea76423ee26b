#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr CallSection calls[] = {{"<|tool_call|>", "<|/tool_call|>", calls_from_json},
                                 {"functools", "", calls_from_json}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls};

}  // namespace

constinit const Dialect phi4_dialect{"phi4", "Phi-4-mini", "<|/tool|>",
                                     [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
