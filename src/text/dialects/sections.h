// The one parser behind the dialects: text, a section of reasoning at its beginning, and sections
// of tool calls, each between two markers.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "text/dialect.h"
#include "text/dialects/calls.h"

namespace linnet {

struct CallSection {
    std::string_view open;
    std::string_view close;  // empty: it reaches to the end of the answer
    Calls (*read)(std::string_view body);
    bool json = true;  // a close marker inside a JSON string does not close
};

struct SectionSyntax {
    std::string_view reasoning_open, reasoning_close;  // empty where a family has none
    std::span<const CallSection> calls;
    bool bare_json = false;                       // an answer may be a call without any marker
    std::span<const std::string_view> dropped{};  // markers that stand around text and mean nothing
};

// `syntax` outlives the parser.
std::unique_ptr<OutputParser> section_parser(const SectionSyntax& syntax, DialectUse use);

}  // namespace linnet
