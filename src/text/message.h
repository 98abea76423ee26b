// What a conversation is made of. The engine, the service and the chat speak in these.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace linnet {

// A function that the assistant asks for.
struct ToolCall {
    std::string id;  // names the call in the tool's answer; may be empty
    std::string name;
    Json arguments = Json::object();  // an object, or the model's own text where that was no object

    bool operator==(const ToolCall&) const = default;
};

struct Message {
    std::string role;  // "system", "user", "assistant", "tool"; templates may know others
    std::string content;
    std::string reasoning{};             // assistant: what it thought before it answered
    std::vector<ToolCall> tool_calls{};  // assistant
    std::string tool_call_id{};          // tool: the call that this answers
    std::string name{};                  // tool: its name; elsewhere the speaker's, where known

    bool operator==(const Message&) const = default;
};

}  // namespace linnet
