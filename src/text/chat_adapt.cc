#include "text/chat_adapt.h"

#include "base/text.h"

namespace linnet {
namespace {

std::string described(const Json& tools) {
    std::string out =
        "You can call functions to help with the request. These are there, each described by a "
        "JSON schema:\n<tools>\n";
    for (const Json& tool : *tools.as_array()) out += tool.dump() + "\n";
    return out +
           "</tools>\nTo call one, write a JSON object with its name and arguments between these "
           "tags, and nothing after it:\n<tool_call>\n{\"name\": <function name>, \"arguments\": "
           "<arguments object>}\n</tool_call>";
}

std::string call_text(const ToolCall& call) {
    Json object = Json::object({{"name", call.name}, {"arguments", call.arguments}});
    return cat("<tool_call>\n", object.dump(), "\n</tool_call>");
}

void append_line(std::string& text, std::string_view more, std::string_view between = "\n") {
    if (!text.empty() && !more.empty()) text += between;
    text += more;
}

// Calls and answers as text, answers in a row as one message of the user.
std::vector<Message> calls_as_text(std::span<const Message> messages) {
    std::vector<Message> out;
    bool answers = false;
    for (Message message : messages) {
        bool answer = message.role == "tool";
        for (const ToolCall& call : message.tool_calls)
            append_line(message.content, call_text(call));
        message.tool_calls.clear();
        if (answer) {
            message.content = cat("<tool_response>\n", message.content, "\n</tool_response>");
            message.role = "user";
            message.tool_call_id.clear();
            message.name.clear();
        }
        if (answer && answers)
            append_line(out.back().content, message.content);
        else
            out.push_back(std::move(message));
        answers = answer;
    }
    return out;
}

void add_system(std::vector<Message>& messages, std::string_view text) {
    if (messages.empty() || messages[0].role != "system")
        messages.insert(messages.begin(), Message{.role = "system", .content = {}});
    append_line(messages[0].content, text, "\n\n");
}

// The system's words before the next user's.
std::vector<Message> system_as_user(std::vector<Message> messages) {
    std::vector<Message> out;
    std::string waiting;
    for (Message& message : messages) {
        if (message.role == "system") {
            append_line(waiting, message.content, "\n\n");
            continue;
        }
        if (!waiting.empty() && message.role != "user")
            out.push_back({.role = "user", .content = std::exchange(waiting, {})});
        if (!waiting.empty()) {
            append_line(waiting, message.content, "\n\n");
            message.content = std::exchange(waiting, {});
        }
        out.push_back(std::move(message));
    }
    if (!waiting.empty()) out.push_back({.role = "user", .content = std::move(waiting)});
    return out;
}

}  // namespace

std::vector<Message> adapt(std::span<const Message> messages, const Json& tools,
                           const ChatTemplate::Capabilities& can) {
    std::vector<Message> out =
        can.tool_calls ? std::vector(messages.begin(), messages.end()) : calls_as_text(messages);
    bool with_tools = tools.as_array() && !tools.as_array()->empty();
    if (with_tools && !can.tools) add_system(out, described(tools));
    return can.system_role ? out : system_as_user(std::move(out));
}

const Dialect& adapted_dialect(std::string_view source) {
    const Dialect& own = dialect_of_template(source);
    return own.mark.empty() ? *find_dialect("hermes") : own;
}

}  // namespace linnet
