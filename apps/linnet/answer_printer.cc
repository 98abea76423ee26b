#include "linnet/answer_printer.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

void AnswerPrinter::show(const GenerationEvent& event) {
    for (const OutputEvent& part : event.parts) show(part);
    if (!event.parts.empty()) output_.flush();
}

void AnswerPrinter::show(const OutputEvent& part) {
    if (part.kind == OutputEvent::Kind::ToolCall) return;
    bool reasons = part.kind == OutputEvent::Kind::Reasoning;
    std::string& all = reasons ? reasoning_ : text_;
    // Templates open both with a line of their own now and then.
    std::string_view piece = part.text;
    if (all.empty()) piece.remove_prefix(std::min(piece.find_first_not_of(" \n"), piece.size()));
    if (piece.empty()) return;
    if (!reasons && all.empty() && line_is_open_) output_.print("\n\n");  // behind the reasoning
    all += piece;
    if (reasons && thinking_ != Thinking::Show) return;
    output_.print(reasons ? output_.paint(Style::Dim, safe(piece)) : safe(piece));
    line_is_open_ = true;
}

void AnswerPrinter::end_line() {
    output_.line();
    line_is_open_ = false;
}

// A model writes what strangers taught it; on a terminal that must not be control sequences.
std::string AnswerPrinter::safe(std::string_view text) const {
    if (!output_.stdout_is_terminal()) return std::string(text);
    std::string out;
    while (!text.empty()) {
        size_t end = std::min(text.find_first_of("\n\t"), text.size());
        out += printable(text.substr(0, end), text.size() * 4);
        if (end < text.size()) out += text[end++];
        text.remove_prefix(end);
    }
    return out;
}

}  // namespace linnet
