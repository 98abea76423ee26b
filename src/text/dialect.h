// What a model writes, taken apart while it arrives: its answer, its reasoning, its tool calls.
// Every family has a way of its own to mark these; each is one file in dialects/ and one row.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/message.h"

namespace linnet {

struct OutputEvent {
    enum class Kind { Text, Reasoning, ToolCall };
    Kind kind;
    std::string text{};  // of Text and Reasoning: the next piece, never empty
    ToolCall call{};     // of ToolCall, when it is complete

    bool operator==(const OutputEvent&) const = default;
};

// Takes one answer apart. Not thread-safe: one parser an answer.
class OutputParser {
  public:
    virtual ~OutputParser() = default;
    // Text as the detokenizer yields it, special tokens of the dialect included. Appends what is
    // now certain: no part of a marker ever shows as text, and how the text was cut into pieces
    // changes nothing. What looked like a call and is none comes out as text.
    virtual void feed(std::string_view text, std::vector<OutputEvent>& events) = 0;
    // The answer has ended: appends what was held back.
    virtual void finish(std::vector<OutputEvent>& events) = 0;
};

struct DialectUse {
    bool tools = true;           // look for tool calls
    bool reasoning = true;       // look for reasoning
    bool starts_inside = false;  // the prompt itself opened the reasoning
};

struct Dialect {
    std::string_view name;
    std::string_view families;  // for people: which models speak it
    // A text that only templates of this family hold; empty where it is chosen by name alone.
    std::string_view mark;
    std::unique_ptr<OutputParser> (*parser)(DialectUse use);
};

std::span<const Dialect> dialects();
const Dialect* find_dialect(std::string_view name);
// By the marks in a chat template's source; plain text with <think> where none is found.
const Dialect& dialect_of_template(std::string_view source);
// What families put around their reasoning.
struct ReasoningMarks {
    std::string_view open, close;
};
std::span<const ReasoningMarks> reasoning_marks();
// True where a rendered prompt ends inside an opened reasoning block.
bool ends_in_reasoning(std::string_view prompt);
// What closes the reasoning that was opened last in this text; empty where none was.
std::string_view reasoning_close(std::string_view text);

}  // namespace linnet
