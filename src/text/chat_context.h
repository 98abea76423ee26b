// The variables that a chat template sees, as transformers names them.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "text/message.h"

namespace linnet {

struct ContextShape {
    bool typed_content = false;   // content as [{"type": "text", "text": …}]
    bool text_arguments = false;  // a call's arguments as JSON text
};

// {"role", "content", …}: members that a message does not have are absent, so that a template's
// `is defined` tells.
Json template_message(const Message& message, ContextShape shape);
// What every template is given: the tokens, and null for the tools and documents that it may get.
Json template_variables(std::string_view bos_token, std::string_view eos_token);
Json template_messages(std::span<const Message> messages, ContextShape shape);

}  // namespace linnet
