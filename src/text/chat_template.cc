#include "text/chat_template.h"

#include <algorithm>

#include "base/text.h"
#include "text/chat_adapt.h"
#include "text/chat_context.h"
#include "text/chat_probe.h"
#include "text/jinja.h"

namespace linnet {

struct ChatTemplate::State {
    std::string source;
    std::string bos_token, eos_token;
    jinja::Limits limits;
    jinja::Template program;
    Capabilities capabilities{};
    const Dialect* dialect = nullptr;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const State> state) : state_(std::move(state)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string_view bos_token,
                                         std::string_view eos_token, TemplateLimits limits) {
    jinja::Limits bounds{limits.source_max, limits.steps_max, static_cast<int>(limits.calls_max),
                         limits.memory_max, limits.output_max};
    auto program = jinja::Template::parse(source, bounds);
    if (!program) return std::move(program).error().within("the chat template");
    auto state =
        std::make_unique<State>(State{std::string(source), std::string(bos_token),
                                      std::string(eos_token), bounds, *std::move(program)});
    state->capabilities = probe(state->program, bos_token, eos_token);
    state->dialect =
        state->capabilities.tools ? &dialect_of_template(source) : &adapted_dialect(source);
    return ChatTemplate(std::move(state));
}

Result<std::string> ChatTemplate::render(std::span<const Message> messages, const Json& tools,
                                         const Options& options) const {
    const Capabilities& can = state_->capabilities;
    bool with_tools = tools.as_array() && !tools.as_array()->empty();
    if (!tools.is_null() && !tools.is_array())
        return Error{Code::Usage, "tools are not an array", "give a list of function descriptions"};
    std::vector<Message> adapted = adapt(messages, tools, can);
    Json variables = template_variables(state_->bos_token, state_->eos_token);
    variables.set("messages", template_messages(adapted, {can.typed_content, can.text_arguments}));
    if (with_tools && can.tools) variables.set("tools", tools);
    variables.set("add_generation_prompt", options.add_generation_prompt);
    if (options.enable_thinking) variables.set("enable_thinking", *options.enable_thinking);
    if (const Json::Object* more = options.variables.as_object())
        for (const auto& [name, value] : *more) variables.set(name, value);
    auto text =
        state_->program.render(variables, {options.now_s, options.utc_offset_s}, state_->limits);
    if (text) return text;
    Error error = std::move(text).error();
    bool own_words = error.code == Code::Usage;
    error.what = cat(own_words ? "the chat template " : "the chat template: ", error.what);
    return error;
}

Result<ChatTemplate::Prompt> ChatTemplate::render_prompt(std::span<const Message> messages,
                                                         const Json& tools, const Options& options,
                                                         const ControlTokens& control) const {
    std::vector<Message> marked(messages.begin(), messages.end());
    for (Message& message : marked)
        if (message.role != "assistant" && message.role != "system")
            message.content = control.marked(message.content);
    Prompt prompt;
    prompt.text = TRY(render(marked, control.marked_texts(tools), options));
    prompt.breaks = take_marks(prompt.text);
    return prompt;
}

const ChatTemplate::Capabilities& ChatTemplate::capabilities() const {
    return state_->capabilities;
}

const std::string& ChatTemplate::source() const {
    return state_->source;
}

const Dialect& ChatTemplate::dialect() const {
    return *state_->dialect;
}

}  // namespace linnet
