// Tool calls read from what a model wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/message.h"

namespace linnet {

using Calls = std::optional<std::vector<ToolCall>>;  // nothing: this is no call

// One object {"name", "arguments"} or an array of such; "parameters", "tool_name" and the like are
// understood too.
Calls calls_from_json(std::string_view text);
// Several of them with ";" or white space between.
Calls calls_from_json_row(std::string_view text);
// [name(key="text", other=[1, None]), …], brackets optional.
Calls calls_from_python(std::string_view text);
// name and its arguments as JSON text.
Calls call_of(std::string_view name, std::string_view arguments);

std::string_view trimmed(std::string_view text);

// Where a JSON value stands, followed while it arrives.
class JsonScan {
  public:
    // Reads on to `end` bytes of the text, unless the value ends before.
    void advance(std::string_view text, size_t end);
    bool in_string() const { return in_string_; }
    bool complete() const { return complete_; }
    size_t position() const { return at_; }  // behind the value once it is complete

  private:
    size_t at_ = 0;
    int depth_ = 0;
    bool in_string_ = false, escaped_ = false, complete_ = false;
};

}  // namespace linnet
