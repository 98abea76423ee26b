// What a model's files say of conversations: the template that makes a text of one, and what may
// never come of what a user wrote.
#pragma once

#include "formats/checkpoint.h"
#include "text/chat_template.h"
#include "text/control_tokens.h"
#include "text/tokenizer.h"

namespace linnet {

// The one that is asked for, else the model's own, or the likely one for a model that brings none.
Result<ChatTemplate> template_of(const Checkpoint& checkpoint, const Tokenizer& tokenizer,
                                 std::string_view wanted);
ControlTokens control_tokens_of(const Tokenizer& tokenizer);
// The tokens of what the template made. One that writes the begin-of-text token itself gets no
// second.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, const ChatTemplate& made_by,
                                   const ChatTemplate::Prompt& prompt);

}  // namespace linnet
