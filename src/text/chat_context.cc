#include "text/chat_context.h"

namespace linnet {
namespace {

Json template_call(const ToolCall& call, ContextShape shape) {
    Json function = Json::object({{"name", call.name}});
    bool dump = shape.text_arguments && !call.arguments.is_string();
    function.set("arguments", dump ? Json(call.arguments.dump()) : call.arguments);
    Json out = Json::object({{"type", "function"}, {"function", std::move(function)}});
    if (!call.id.empty()) out.set("id", call.id);
    return out;
}

}  // namespace

Json template_message(const Message& message, ContextShape shape) {
    Json out = Json::object({{"role", message.role}});
    if (shape.typed_content)
        out.set("content",
                Json(Json::Array{Json::object({{"type", "text"}, {"text", message.content}})}));
    else
        out.set("content", message.content);
    if (!message.reasoning.empty()) {
        // Templates read either name.
        out.set("reasoning_content", message.reasoning);
        out.set("thinking", message.reasoning);
    }
    if (!message.tool_calls.empty()) {
        Json calls = Json::array();
        for (const ToolCall& call : message.tool_calls) calls.push(template_call(call, shape));
        out.set("tool_calls", std::move(calls));
    }
    if (!message.tool_call_id.empty()) out.set("tool_call_id", message.tool_call_id);
    if (!message.name.empty()) out.set("name", message.name);
    return out;
}

Json template_variables(std::string_view bos_token, std::string_view eos_token) {
    return Json::object({{"bos_token", bos_token},
                         {"eos_token", eos_token},
                         {"tools", nullptr},
                         {"documents", nullptr}});
}

Json template_messages(std::span<const Message> messages, ContextShape shape) {
    Json out = Json::array();
    for (const Message& message : messages) out.push(template_message(message, shape));
    return out;
}

}  // namespace linnet
