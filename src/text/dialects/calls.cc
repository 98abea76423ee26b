#include "text/dialects/calls.h"

#include "base/text.h"

namespace linnet {
namespace {

constexpr Json::Limits json_limits{.depth_max = 64, .values_max = 1'000'000};

// An object stays one; a text that holds one becomes it; other text stays as it is.
std::optional<Json> arguments_from(const Json& json) {
    if (json.is_object()) return json;
    if (json.is_null()) return Json::object();
    const std::string* text = json.as_string();
    if (!text) return std::nullopt;
    auto inner = Json::parse(*text, json_limits);
    return inner && inner->is_object() ? *inner : json;
}

std::optional<ToolCall> call_from(const Json& json) {
    // {"type": "function", "function": {"name", "arguments"}} as the API has it.
    if (const Json* inner = json.find("function"); inner && inner->is_object()) {
        auto call = call_from(*inner);
        if (call && call->id.empty()) call->id = json.string_or("id", "");
        return call;
    }
    ToolCall call;
    for (const char* key : {"name", "tool_name", "function"})
        if (call.name.empty()) call.name = json.string_or(key, "");
    for (const char* key : {"id", "tool_call_id"})
        if (call.id.empty()) call.id = json.string_or(key, "");
    if (call.name.empty()) return std::nullopt;
    for (const char* key : {"arguments", "parameters", "args"}) {
        const Json* found = json.find(key);
        if (!found) continue;
        auto arguments = arguments_from(*found);
        if (!arguments) return std::nullopt;
        call.arguments = std::move(*arguments);
        break;
    }
    return call;
}

Calls calls_from(const Json& json) {
    std::vector<ToolCall> calls;
    const Json::Array* array = json.as_array();
    for (const Json& item : array ? *array : Json::Array{json}) {
        auto call = call_from(item);
        if (!call) return std::nullopt;
        calls.push_back(std::move(*call));
    }
    if (calls.empty()) return std::nullopt;
    return calls;
}

// Python's literals, as far as JSON has them.
class PythonReader {
  public:
    explicit PythonReader(std::string_view text) : text_(text) {}

    Calls calls() {
        std::vector<ToolCall> out;
        bool list = take('[');
        do {
            if (list && peek() == ']') break;
            auto made = call();
            if (!made) return std::nullopt;
            out.push_back(std::move(*made));
        } while (take(','));
        if (list && !take(']')) return std::nullopt;
        skip();
        if (at_ != text_.size() || out.empty()) return std::nullopt;
        return out;
    }

  private:
    void skip() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
            at_++;
    }
    char peek() {
        skip();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char wanted) {
        if (peek() != wanted) return false;
        at_++;
        return true;
    }

    std::string name() {
        skip();
        size_t begin = at_;
        auto part_of_name = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '.' || c == '-';
        };
        while (at_ < text_.size() && part_of_name(text_[at_])) at_++;
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::optional<ToolCall> call() {
        ToolCall out;
        out.name = name();
        if (out.name.empty() || !take('(')) return std::nullopt;
        while (peek() != ')') {
            std::string key = name();
            if (key.empty() || !take('=')) return std::nullopt;
            auto held = value();
            if (!held) return std::nullopt;
            out.arguments.set(key, std::move(*held));
            if (!take(',')) break;
        }
        if (!take(')')) return std::nullopt;
        return out;
    }

    std::optional<Json> value() {
        constexpr int depth_max = 64;
        if (depth_ >= depth_max) return std::nullopt;
        depth_++;
        std::optional<Json> out;
        char c = peek();
        if (c == '"' || c == '\'')
            out = text();
        else if (c == '[' || c == '(')
            out = list(c == '[' ? ']' : ')');
        else if (c == '{')
            out = dict();
        else
            out = word();
        depth_--;
        return out;
    }

    std::optional<Json> text() {
        char quote = text_[at_++];
        std::string json = "\"";  // the same text as JSON, which knows how to read escapes
        while (at_ < text_.size() && text_[at_] != quote) {
            char c = text_[at_++];
            if (c == '\\' && at_ < text_.size()) {
                char escaped = text_[at_++];
                if (escaped == '\'')
                    json += '\'';
                else
                    (json += '\\') += escaped;
            } else if (c == '"') {
                json += "\\\"";
            } else if (c == '\n') {
                json += "\\n";
            } else if (c == '\t') {
                json += "\\t";
            } else {
                json += c;
            }
        }
        if (at_ >= text_.size()) return std::nullopt;
        at_++;
        auto parsed = Json::parse(json + "\"");
        if (!parsed) return std::nullopt;
        return *std::move(parsed);
    }

    std::optional<Json> list(char close) {
        at_++;
        Json out = Json::array();
        while (peek() != close) {
            auto item = value();
            if (!item) return std::nullopt;
            out.push(std::move(*item));
            if (!take(',')) break;
        }
        if (!take(close)) return std::nullopt;
        return out;
    }

    std::optional<Json> dict() {
        at_++;
        Json out = Json::object();
        while (peek() != '}') {
            auto key = value();
            if (!key || !key->is_string() || !take(':')) return std::nullopt;
            auto item = value();
            if (!item) return std::nullopt;
            out.set(*key->as_string(), std::move(*item));
            if (!take(',')) break;
        }
        if (!take('}')) return std::nullopt;
        return out;
    }

    std::optional<Json> word() {
        size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(",)]} \t\r\n").find(text_[at_]) == std::string_view::npos)
            at_++;
        std::string_view held = text_.substr(begin, at_ - begin);
        if (held == "True" || held == "true") return Json(true);
        if (held == "False" || held == "false") return Json(false);
        if (held == "None" || held == "null") return Json(nullptr);
        auto number = Json::parse(held);
        if (!number || !number->is_number()) return std::nullopt;
        return *std::move(number);
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

std::string_view trimmed(std::string_view text) {
    return trim(text);
}

Calls calls_from_json(std::string_view text) {
    auto json = Json::parse(trimmed(text), json_limits);
    if (!json) return std::nullopt;
    return calls_from(*json);
}

Calls calls_from_json_row(std::string_view text) {
    std::vector<ToolCall> out;
    for (text = trimmed(text); !text.empty();) {
        JsonScan scan;
        scan.advance(text, text.size());
        if (!scan.complete()) return std::nullopt;
        Calls calls = calls_from_json(text.substr(0, scan.position()));
        if (!calls) return std::nullopt;
        out.insert(out.end(), calls->begin(), calls->end());
        text = trimmed(text.substr(scan.position()));
        if (text.starts_with(';')) text = trimmed(text.substr(1));
    }
    if (out.empty()) return std::nullopt;
    return out;
}

Calls calls_from_python(std::string_view text) {
    return PythonReader(trimmed(text)).calls();
}

Calls call_of(std::string_view name, std::string_view arguments) {
    name = trimmed(name);
    if (name.empty() || name.find_first_of(" \n\t{}<>[]\"") != name.npos) return std::nullopt;
    arguments = trimmed(arguments);
    ToolCall call{.id = {}, .name = std::string(name)};
    if (!arguments.empty()) {
        auto json = Json::parse(arguments, json_limits);
        if (!json || !json->is_object()) return std::nullopt;
        call.arguments = *std::move(json);
    }
    return std::vector{std::move(call)};
}

void JsonScan::advance(std::string_view text, size_t end) {
    for (; at_ < end && !complete_; at_++) {
        char c = text[at_];
        if (escaped_)
            escaped_ = false;
        else if (in_string_ && c == '\\')
            escaped_ = true;
        else if (c == '"')
            in_string_ = !in_string_;
        else if (in_string_)
            continue;
        else if (c == '{' || c == '[')
            depth_++;
        else if ((c == '}' || c == ']') && --depth_ <= 0)
            complete_ = true;
    }
}

}  // namespace linnet
