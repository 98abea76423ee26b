#include "text/named_templates.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

// A turn for each message, in a form that needs to know only the role.
constexpr std::string_view chatml =
    R"({% for m in messages %}
{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";

constexpr std::string_view llama3 =
    R"({{ bos_token }}
{%- for m in messages %}
{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}
{%- endfor %}
{% if add_generation_prompt %}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})";

constexpr std::string_view llama2 =
    R"({% set ns = namespace(system='') %}
{% for m in messages %}
{% if m.role == 'system' %}{% set ns.system = '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' %}
{%- elif m.role == 'user' %}
{{- bos_token + '[INST] ' + ns.system + m.content | trim + ' [/INST]' }}{% set ns.system = '' %}
{%- elif m.role == 'assistant' %}{{ ' ' + m.content | trim + ' ' + eos_token }}
{%- endif %}
{% endfor %})";

constexpr std::string_view mistral =
    R"({{ bos_token }}
{%- for m in messages %}
{% if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}
{%- elif m.role == 'assistant' %}{{ ' ' + m.content + eos_token }}
{%- elif m.role == 'system' %}{{ raise_exception('there is no system role') }}
{%- endif %}
{% endfor %})";

constexpr std::string_view gemma =
    R"({{ bos_token }}
{%- for m in messages %}
{% if m.role == 'system' %}{{ raise_exception('there is no system role') }}{% endif %}
{{- '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim
    + '<end_of_turn>\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})";

constexpr std::string_view phi3 =
    R"({% for m in messages %}
{{- '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})";

constexpr std::string_view phi4 =
    R"({% for m in messages %}
{{- '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %})";

constexpr std::string_view zephyr =
    R"({% for m in messages %}
{{- '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})";

constexpr std::string_view tulu =
    R"({{ bos_token }}
{%- for m in messages %}
{{- '<|' + m.role + '|>\n' + m.content + (eos_token if m.role == 'assistant' else '') + '\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})";

constexpr std::string_view granite =
    R"({% for m in messages %}
{{- '<|start_of_role|>' + m.role + '<|end_of_role|>' + m.content + '<|end_of_text|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %})";

constexpr std::string_view deepseek =
    R"({{ bos_token }}
{%- for m in messages %}
{% if m.role == 'system' %}{{ m.content }}
{%- elif m.role == 'user' %}{{ '<｜User｜>' + m.content }}
{%- elif m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content + '<｜end▁of▁sentence｜>' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %})";

constexpr std::string_view command =
    R"({{ bos_token }}
{%- set names = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'} %}
{% for m in messages %}
{{- '<|START_OF_TURN_TOKEN|><|' + names.get(m.role, 'USER') + '_TOKEN|>' + m.content | trim
    + '<|END_OF_TURN_TOKEN|>' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %})";

constexpr std::string_view alpaca =
    R"({% for m in messages %}
{% if m.role == 'system' %}{{ m.content + '\n\n' }}
{%- elif m.role == 'user' %}{{ '### Instruction:\n' + m.content + '\n\n' }}
{%- else %}{{ '### Response:\n' + m.content + eos_token + '\n\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %})";

constexpr std::string_view vicuna =
    R"({% for m in messages %}
{% if m.role == 'system' %}{{ m.content + '\n\n' }}
{%- elif m.role == 'user' %}{{ 'USER: ' + m.content + '\n' }}
{%- else %}{{ 'ASSISTANT: ' + m.content + eos_token + '\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %})";

constexpr std::string_view plain =
    R"({% for m in messages %}
{% if m.role == 'system' %}{{ m.content | trim + '\n\n' }}
{%- else %}{{ ('Assistant: ' if m.role == 'assistant' else 'User: ') + m.content | trim + '\n\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %})";

// Tokens tell more than names, and rarer ones more than common ones; the first row that fits wins.
constexpr NamedTemplate table[] = {
    {"phi4", "Phi-4", phi4, "<|im_sep|>", ""},
    {"chatml", "Qwen, SmolLM2, Yi, OLMo-hybrids and many others", chatml, "<|im_start|>",
     "qwen,smollm"},
    {"llama3", "Llama 3", llama3, "<|start_header_id|>", "llama-3,llama 3"},
    {"gemma", "Gemma", gemma, "<start_of_turn>", "gemma"},
    {"granite", "Granite", granite, "<|start_of_role|>", "granite"},
    {"command-r", "Command R, Aya", command, "<|START_OF_TURN_TOKEN|>", "command-r"},
    {"deepseek", "DeepSeek V2, V3 and R1", deepseek, "<｜Assistant｜>", "deepseek"},
    {"phi3", "Phi-3, Phi-4-mini", phi3, "<|end|>", "phi-3,phi3"},
    {"zephyr", "Zephyr, TinyLlama", zephyr, "", "zephyr,tinyllama,stablelm-2"},
    {"tulu", "OLMo 2, Tulu", tulu, "", "olmo,tulu"},
    {"mistral", "Mistral 7B Instruct, Mixtral", mistral, "[INST]", "mistral,mixtral"},
    {"llama2", "Llama 2 Chat", llama2, "", "llama-2,llama 2,llama2"},
    {"alpaca", "Alpaca and what was tuned on its data", alpaca, "", "alpaca"},
    {"vicuna", "Vicuna", vicuna, "", "vicuna"},
    {"plain", "RWKV, and models that were tuned for no form", plain, "", "rwkv"},
};

bool names(const NamedTemplate& row, std::string_view text) {
    if (row.words.empty()) return false;
    std::vector<std::string_view> words = split(row.words, ',');
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return text.find(word) != text.npos; });
}

}  // namespace

std::span<const NamedTemplate> named_templates() {
    return table;
}

const NamedTemplate* find_named_template(std::string_view name) {
    for (const NamedTemplate& row : table)
        if (row.name == name) return &row;
    return nullptr;
}

const NamedTemplate& likely_template(const ModelHints& hints) {
    for (const NamedTemplate& row : table)
        if (!row.token.empty() && hints.has_token && hints.has_token(row.token)) return row;
    std::string text = lower(cat(hints.architecture, " ", hints.name));
    for (const NamedTemplate& row : table)
        if (names(row, text)) return row;
    return *find_named_template("plain");
}

Result<ChatTemplate> open_chat_template(std::string_view source, const ModelHints& hints,
                                        std::string_view bos_token, std::string_view eos_token) {
    if (trim(source).empty()) source = likely_template(hints).source;
    if (const NamedTemplate* named = find_named_template(trim(source))) source = named->source;
    return ChatTemplate::parse(source, bos_token, eos_token);
}

}  // namespace linnet
