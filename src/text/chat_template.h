// A model's chat template: messages in, the text that the model was trained to see out.
// The language is Jinja as Hugging Face's transformers runs it, in a sandbox: a template reads what
// it is given and writes text, within limits. docs/formats/chat-templates.md has the details.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "text/control_tokens.h"
#include "text/dialect.h"
#include "text/message.h"

namespace linnet {

// What a template may cost. Templates come with models, so from strangers.
struct TemplateLimits {
    size_t source_max = 256 << 10;  // bytes of template
    size_t steps_max = 50'000'000;  // of evaluation, about 20 ns each; 64 bytes copied are one
    size_t calls_max = 60;          // macros inside macros
    size_t memory_max = 256 << 20;  // bytes alive at any moment, the conversation included
    size_t output_max = 64 << 20;   // bytes written
};

class ChatTemplate {
  public:
    // What the template does with what it is given, found by rendering small conversations.
    struct Capabilities {
        bool system_role = false;  // writes system messages; otherwise render() puts them before
                                   // the first user message
        bool tools = false;        // writes the tools it is given; otherwise render() describes
                                   // them in the system message
        bool tool_calls = false;   // writes an assistant's earlier calls and the tools' answers
        bool reasoning = false;  // writes an assistant's earlier reasoning, at least in some place
        bool thinking_switch = false;  // enable_thinking changes what it writes
        bool typed_content = false;    // wants content as a list of typed parts
        bool text_arguments = false;   // wants a call's arguments as JSON text, not as an object
        bool bos = false;              // writes the begin-of-text token itself: do not add another
    };

    struct Options {
        bool add_generation_prompt = true;      // end with the opening of the assistant's turn
        std::optional<bool> enable_thinking{};  // absent: as the template has it
        Json variables = Json::object();        // more names for the template, as in a request's
                                                // chat_template_kwargs
        int64_t now_s = 0;                      // for strftime_now: seconds since 1970, UTC
        int utc_offset_s = 0;                   // local time minus UTC
    };

    // Token texts may be empty where the model has none.
    static Result<ChatTemplate> parse(std::string_view source, std::string_view bos_token,
                                      std::string_view eos_token, TemplateLimits limits);
    static Result<ChatTemplate> parse(std::string_view source, std::string_view bos_token,
                                      std::string_view eos_token) {
        return parse(source, bos_token, eos_token, TemplateLimits{});
    }

    ChatTemplate(ChatTemplate&&) noexcept;
    ChatTemplate& operator=(ChatTemplate&&) noexcept;
    ~ChatTemplate();

    // tools: null, or an array of {"type": "function", "function": {name, description,
    // parameters}}. A conversation that the template refuses (raise_exception) is Code::Usage; a
    // template that fails or exceeds its limits is Code::BadInput. Thread-safe.
    Result<std::string> render(std::span<const Message> messages, const Json& tools,
                               const Options& options) const;

    // The same, with what users and tools wrote kept from becoming control tokens: none of these
    // may span a break. The assistant's own words and the system's are taken as they are.
    struct Prompt {
        std::string text;
        std::vector<size_t> breaks;  // byte offsets, ascending
    };
    Result<Prompt> render_prompt(std::span<const Message> messages, const Json& tools,
                                 const Options& options, const ControlTokens& control) const;

    const Capabilities& capabilities() const;
    const std::string& source() const;
    // How this family marks tool calls and reasoning in what it writes.
    const Dialect& dialect() const;

  private:
    struct State;
    explicit ChatTemplate(std::unique_ptr<const State> state);
    std::unique_ptr<const State> state_;
};

}  // namespace linnet
