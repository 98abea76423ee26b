#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr CallSection calls[] = {{"<TOOLCALL>", "</TOOLCALL>", calls_from_json}};
constexpr SectionSyntax syntax{"<think>", "</think>", calls};

}  // namespace

constinit const Dialect nemotron_dialect{
    "nemotron", "Nemotron Nano 2", "<TOOLCALL>",
    [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
