#include "linnet/html_page.h"

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view style = R"(
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2024; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th { font-weight: 600; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.bar, .dot { fill: #2f6fdd; }
.whisker, .axis { stroke: currentColor; fill: none; }
.line { stroke: #2f6fdd; fill: none; stroke-width: 2; }
.heat { stroke: #d9480f; fill: none; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) { body { color: #e6e8ea; background: #16191c; } }
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : printable(text)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string page_begin(std::string_view title) {
    return cat(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>",
        title, "</title><style>", style, "</style></head><body>\n");
}

}  // namespace linnet
