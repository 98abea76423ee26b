// Finds out what a template does with what it is given, by rendering small conversations.
#pragma once

#include "text/chat_template.h"
#include "text/jinja.h"

namespace linnet {

ChatTemplate::Capabilities probe(const jinja::Template& program, std::string_view bos_token,
                                 std::string_view eos_token);

}  // namespace linnet
