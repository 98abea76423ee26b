// Conversations brought into a form that a template of few abilities can write.
#pragma once

#include <span>
#include <vector>

#include "text/chat_template.h"

namespace linnet {

// Without a system role the system's words stand before the first user message; without tools they
// are described there in words, and calls and answers become text of the Hermes form.
std::vector<Message> adapt(std::span<const Message> messages, const Json& tools,
                           const ChatTemplate::Capabilities& can);
// How a model is asked to call tools where its template says nothing of them.
const Dialect& adapted_dialect(std::string_view source);

}  // namespace linnet
