#include "text/chat_probe.h"

#include "text/chat_context.h"

namespace linnet {
namespace {

// What a probe may cost: a template that hangs makes a model slow to open, no more.
constexpr jinja::Limits probe_limits{.source_max = SIZE_MAX,
                                     .steps_max = 200'000,
                                     .calls_max = 60,
                                     .memory_max = 16 << 20,
                                     .output_max = 1 << 20};

// Words that no template writes of its own accord.
constexpr std::string_view user_word = "Quserword", system_word = "Qsystemword",
                           tool_word = "qtoolword", value_word = "Qvalueword",
                           answer_word = "Qanswerword", thought_word = "Qthoughtword",
                           reply_word = "Qreplyword";

Message message(std::string_view role, std::string_view content) {
    return {.role = std::string(role), .content = std::string(content)};
}

Json tool_list() {
    Json parameters = *Json::parse(
        R"({"type": "object", "properties": {"qkey": {"type": "string", "description": "a key"}},
            "required": ["qkey"]})");
    Json function = Json::object(
        {{"name", tool_word}, {"description", "a tool"}, {"parameters", std::move(parameters)}});
    return Json(
        Json::Array{Json::object({{"type", "function"}, {"function", std::move(function)}})});
}

class Prober {
  public:
    Prober(const jinja::Template& program, std::string_view bos_token, std::string_view eos_token)
        : program_(program), bos_token_(bos_token), eos_token_(eos_token) {}

    struct Extra {
        bool tools = false;
        std::optional<bool> thinking{};
    };
    // What the template makes of the messages; nothing where it fails.
    std::string rendered(std::span<const Message> messages, Extra extra) const {
        Json variables = template_variables(bos_token_, eos_token_);
        variables.set("messages", template_messages(messages, shape));
        if (extra.tools) variables.set("tools", tool_list());
        variables.set("add_generation_prompt", true);
        if (extra.thinking) variables.set("enable_thinking", *extra.thinking);
        return program_.render(variables, {}, probe_limits).value_or("");
    }
    bool shows(std::string_view word, std::span<const Message> messages, Extra extra) const {
        return rendered(messages, extra).find(word) != std::string::npos;
    }
    bool shows(std::string_view word, std::span<const Message> messages) const {
        return shows(word, messages, Extra{});
    }

    ContextShape shape;

  private:
    const jinja::Template& program_;
    std::string_view bos_token_, eos_token_;
};

std::vector<Message> call_conversation() {
    Message call = message("assistant", "");
    call.reasoning = thought_word;
    call.tool_calls.push_back({.id = "call00001",  // Mistral's wants nine characters
                               .name = std::string(tool_word),
                               .arguments = Json::object({{"qkey", value_word}})});
    Message answer = message("tool", answer_word);
    answer.tool_call_id = "call00001";
    answer.name = tool_word;
    return {message("user", user_word), call, answer};
}

void probe_calls(Prober& prober, ChatTemplate::Capabilities& found) {
    std::vector<Message> calls = call_conversation();
    auto complete = [&](const std::string& text) {
        return text.find(value_word) != std::string::npos &&
               text.find(answer_word) != std::string::npos;
    };
    std::string as_object = prober.rendered(calls, {.tools = true});
    prober.shape.text_arguments = true;
    std::string as_text = prober.rendered(calls, {.tools = true});
    // An object that is put in as it is prints as Python would, which is no JSON.
    bool python = as_object.find("{'qkey': ") != std::string::npos;
    bool text_is_json = as_text.find("{\"qkey\": ") != std::string::npos;
    found.tool_calls = complete(as_object) || complete(as_text);
    found.text_arguments = complete(as_text) && (!complete(as_object) || (python && text_is_json));
    prober.shape.text_arguments = found.text_arguments;
    found.reasoning |= prober.shows(thought_word, calls, {.tools = true});
}

}  // namespace

ChatTemplate::Capabilities probe(const jinja::Template& program, std::string_view bos_token,
                                 std::string_view eos_token) {
    ChatTemplate::Capabilities found;
    Prober prober(program, bos_token, eos_token);
    const std::vector<Message> plain{message("user", user_word)};
    if (!prober.shows(user_word, plain)) {
        prober.shape.typed_content = true;
        found.typed_content = prober.shows(user_word, plain);
        prober.shape.typed_content = found.typed_content;
    }
    std::string base = prober.rendered(plain, {});
    found.bos = !bos_token.empty() && base.starts_with(bos_token);
    found.system_role =
        prober.shows(system_word, std::vector{message("system", system_word), plain[0]});
    found.tools = prober.shows(tool_word, plain, {.tools = true}) ||
                  prober.shows(tool_word, std::vector{message("system", system_word), plain[0]},
                               {.tools = true});
    found.thinking_switch =
        prober.rendered(plain, {.thinking = true}) != prober.rendered(plain, {.thinking = false});
    Message thinker = message("assistant", reply_word);
    thinker.reasoning = thought_word;
    found.reasoning = prober.shows(thought_word, std::vector{plain[0], thinker}) ||
                      prober.shows(thought_word, std::vector{plain[0], thinker, plain[0]});
    probe_calls(prober, found);
    return found;
}

}  // namespace linnet
