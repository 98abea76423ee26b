#include "text/dialects/rows.h"
#include "text/dialects/sections.h"

namespace linnet {
namespace {

constexpr CallSection calls[] = {{"<|START_ACTION|>", "<|END_ACTION|>", calls_from_json}};
constexpr std::string_view dropped[] = {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>",
                                        "<|END_TEXT|>"};
constexpr SectionSyntax syntax{"<|START_THINKING|>", "<|END_THINKING|>", calls, false, dropped};

}  // namespace

constinit const Dialect cohere_dialect{"cohere", "Command R7B", "<|START_ACTION|>",
                                       [](DialectUse use) { return section_parser(syntax, use); }};

}  // namespace linnet
