#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr SectionSyntax syntax{"<think>", "</think>", {}};

}  // namespace

constinit const Dialect plain_dialect{"plain", "models without tools", "",
                                      [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
