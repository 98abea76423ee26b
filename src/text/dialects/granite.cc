#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

// Granite 3 writes one array to the end, Granite 4 one object a call.
constexpr CallSection calls[] = {{"<|tool_call|>", "", calls_from_json},
                                 {"<tool_call>", "</tool_call>", calls_from_json}};
constexpr std::string_view dropped[] = {"<response>", "</response>"};
constexpr SectionSyntax syntax{"<think>", "</think>", calls, false, dropped};

}  // namespace

constinit const Dialect granite_dialect{"granite", "Granite 3 and 4", "<|start_of_role|>",
                                        [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
