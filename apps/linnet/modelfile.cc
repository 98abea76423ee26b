#include "linnet/modelfile.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view quotes = "\"\"\"";
constexpr size_t messages_max = 1000;

// What only templates of one form hold; those that tell more come first.
struct TemplateMark {
    std::string_view mark, name;
};
constexpr TemplateMark template_marks[] = {
    {"<|im_sep|>", "phi4"},
    {"<|im_start|>", "chatml"},
    {"<|start_header_id|>", "llama3"},
    {"<start_of_turn>", "gemma"},
    {"<|start_of_role|>", "granite"},
    {"<|START_OF_TURN_TOKEN|>", "command-r"},
    {"<｜Assistant｜>", "deepseek"},
    {"<|end|>", "phi3"},
    {"<|assistant|>", "zephyr"},
    {"<<SYS>>", "llama2"},
    {"[INST]", "mistral"},
    {"### Instruction", "alpaca"},
    {"USER:", "vicuna"},
};

// About how a model is run there, which has no meaning here.
constexpr std::string_view of_the_machine[] = {"num_gpu",  "main_gpu",   "num_batch", "num_keep",
                                               "num_gqa",  "num_thread", "low_vram",  "f16_kv",
                                               "use_mmap", "use_mlock",  "numa",      "vocab_only"};

class ModelfileReader {
  public:
    explicit ModelfileReader(std::string_view text) : rest_(text) {}
    Result<Modelfile> read();

  private:
    Result<std::string> argument(std::string_view first);
    Result<> instruction(std::string_view name, std::string_view first);
    Result<> parameter(std::string_view text);
    Result<> number_parameter(const std::string& name, std::string_view value);
    Result<> chat_template(const std::string& source);
    std::string_view take_line();
    Error wrong(std::string what) const {
        return {Code::BadInput, cat("line ", line_, ": ", what)};
    }
    void warn(std::string what) { out_.warnings.push_back(cat("line ", line_, ": ", what)); }

    std::string_view rest_;
    size_t line_ = 0;
    double mirostat_tau_ = 5;  // Ollama's own
    bool mirostat_ = false;
    Modelfile out_;
};

// "NAME rest", both trimmed.
std::pair<std::string_view, std::string_view> cut_word(std::string_view text) {
    text = trim(text);
    size_t end = std::min(text.find_first_of(" \t"), text.size());
    return {text.substr(0, end), trim(text.substr(end))};
}

std::string unquoted(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

std::string_view ModelfileReader::take_line() {
    size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    line_++;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

Result<Modelfile> ModelfileReader::read() {
    if (!valid_utf8(rest_)) return Error{Code::BadInput, "it is not UTF-8"};
    while (!rest_.empty()) {
        auto [name, first] = cut_word(take_line());
        if (name.empty() || name.starts_with('#')) continue;
        TRY(instruction(name, first));
    }
    if (out_.preset.model.empty())
        return Error{Code::BadInput, "it has no FROM", "name the model: FROM ./model.gguf"};
    if (mirostat_) out_.preset.parameters.emplace_back(find_parameter("mirostat"), mirostat_tau_);
    return std::move(out_);
}

// What stands behind the name: a line, in quotes or not, or all between three quotes.
Result<std::string> ModelfileReader::argument(std::string_view first) {
    if (!first.starts_with(quotes)) return unquoted(first);
    std::string text(first.substr(quotes.size()));
    size_t began = line_;
    for (size_t end; (end = text.find(quotes)) == text.npos;) {
        if (rest_.empty()) {
            line_ = began;
            return wrong("the three quotes are never closed");
        }
        text += text.empty() && line_ == began ? "" : "\n";
        text += take_line();
    }
    text.resize(text.find(quotes));
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

Result<> ModelfileReader::instruction(std::string_view name, std::string_view first) {
    std::string what = lower(name);
    if (what == "parameter") return parameter(first);
    if (what == "message") {
        auto [role, content] = cut_word(first);
        std::string known = lower(role);
        if (known != "system" && known != "user" && known != "assistant")
            return wrong(cat("a message has the role system, user or assistant, and not '",
                             printable(role, 60), "'"));
        if (out_.preset.messages.size() >= messages_max)
            return wrong(cat("there are more than ", messages_max, " messages"));
        out_.preset.messages.push_back({.role = known, .content = TRY(argument(content))});
        return Done{};
    }
    std::string text = TRY(argument(first));
    if (what == "from") {
        if (text.empty()) return wrong("FROM names no model");
        out_.preset.model = text;
    } else if (what == "system") {
        out_.preset.system = text;
    } else if (what == "template") {
        return chat_template(text);
    } else if (what == "adapter") {
        if (text.empty()) return wrong("ADAPTER names no file");
        out_.preset.lora.push_back(text);
    } else if (what == "license" || what == "requires" || what == "renderer" || what == "parser") {
        if (what != "license") warn(cat(what, " is left out"));
    } else {
        return wrong(cat("there is no instruction '", printable(name, 60), "'"));
    }
    return Done{};
}

Result<> ModelfileReader::chat_template(const std::string& source) {
    for (const TemplateMark& row : template_marks) {
        if (source.find(row.mark) == source.npos) continue;
        out_.preset.chat_template = row.name;
        warn(cat("TEMPLATE is in Go's language; the template '", row.name,
                 "' takes its place, as it holds ", row.mark));
        return Done{};
    }
    return Error{Code::Unsupported,
                 cat("line ", line_, ": TEMPLATE is in Go's language and of no form that is known"),
                 "leave it out: then the model's own template is used"};
}

Result<> ModelfileReader::parameter(std::string_view text) {
    auto [given, rest] = cut_word(text);
    std::string name = lower(given), value = TRY(argument(rest));
    Preset& preset = out_.preset;
    if (value.empty()) return wrong(cat("the parameter ", printable(name, 60), " has no value"));
    auto whole = parse_integer<int64_t>(value);
    auto count = [&](std::optional<uint64_t>& into) -> Result<> {
        if (!whole) return wrong(cat(name, " is a whole number"));
        if (*whole >= 0) into = static_cast<uint64_t>(*whole);
        return Done{};
    };
    if (name == "stop") {
        preset.stop.push_back(value);
        return Done{};
    }
    if (name == "seed") return count(preset.seed);
    if (name == "num_ctx") return count(preset.context);
    if (name == "num_predict") return count(preset.tokens);  // below 0: no bound, as without it
    if (std::ranges::find(of_the_machine, name) != std::end(of_the_machine)) {
        warn(cat(name, " is about the machine, and left out"));
        return Done{};
    }
    return number_parameter(name, value);
}

Result<> ModelfileReader::number_parameter(const std::string& name, std::string_view value) {
    auto number = parse_number(value);
    if (name == "mirostat") {
        if (!number) return wrong("mirostat is 0, 1 or 2");
        mirostat_ = *number != 0;
        if (*number == 1) warn("mirostat 1 is taken for 2");
        return Done{};
    }
    auto row = std::ranges::find(parameter_table(), name, &ParameterRow::ollama);
    bool known = row != parameter_table().end() && !name.empty();
    if (!known && name != "mirostat_tau") {
        warn(cat("there is no parameter ", printable(name, 60), " here; it is left out"));
        return Done{};
    }
    if (!number) return wrong(cat(name, " is a number, and not '", printable(value, 60), "'"));
    if (name == "mirostat_tau") {
        auto checked = check_parameter(*find_parameter("mirostat"), *number);
        if (!checked) return wrong(checked.error().what);
        mirostat_tau_ = *number;
        return Done{};
    }
    // Of the recent tokens -1 means all of them.
    if (row->name == "recent" && *number < 0) number = row->most;
    auto checked = check_parameter(*row, *number);
    if (!checked) return wrong(checked.error().what);
    std::erase_if(out_.preset.parameters, [&](const auto& each) { return each.first == &*row; });
    out_.preset.parameters.emplace_back(&*row, *number);
    return Done{};
}

}  // namespace

Result<Modelfile> parse_modelfile(std::string_view text) {
    return ModelfileReader(text).read();
}

}  // namespace linnet
