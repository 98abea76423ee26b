#include "engine/chat_parts.h"

#include "text/named_templates.h"

namespace linnet {

Result<ChatTemplate> template_of(const Checkpoint& checkpoint, const Tokenizer& tokenizer,
                                 std::string_view wanted) {
    const Metadata& metadata = checkpoint.metadata();
    std::string source(wanted);
    if (source.empty()) source = metadata.string_of("tokenizer.chat_template").value_or("");
    if (auto text = checkpoint.document_text("chat_template.jinja"); source.empty() && text)
        source = *text;
    if (auto config = checkpoint.document("tokenizer_config.json"); source.empty() && config)
        source = config->string_or("chat_template", "");
    ModelHints hints{
        .architecture = metadata.string_of("general.architecture").value_or(""),
        .name = metadata.string_of("general.name").value_or(""),
        .has_token = [&](std::string_view piece) { return tokenizer.find(piece) != no_token; }};
    const SpecialTokens& special = tokenizer.special();
    return open_chat_template(source, hints, tokenizer.piece(special.bos),
                              tokenizer.piece(special.eos));
}

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, const ChatTemplate& made_by,
                                   const ChatTemplate::Prompt& prompt) {
    using Add = EncodeOptions::Add;
    return tokenizer.encode(prompt.text,
                            {.bos = made_by.capabilities().bos ? Add::No : Add::AsModel,
                             .eos = Add::No,
                             .parse_special = true,
                             .breaks = prompt.breaks});
}

ControlTokens control_tokens_of(const Tokenizer& tokenizer) {
    std::vector<std::string> spelled;
    for (TokenId id = 0; id < tokenizer.size(); id++)
        if (tokenizer.is_control(id)) spelled.emplace_back(tokenizer.piece(id));
    return ControlTokens(spelled);
}

}  // namespace linnet
