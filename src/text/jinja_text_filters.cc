// Filters that make a text.
#include <algorithm>

#include "text/jinja_filters.h"
#include "text/jinja_format.h"
#include "text/jinja_text_tools.h"

namespace linnet::jinja {
namespace {

using TextPtr = std::shared_ptr<const Text>;

Result<TextPtr> text_of(Runtime& runtime, const Value& value) {
    TextPtr text = TRY(printed(runtime, value));
    TRY(runtime.budget.bytes(8 * text->bytes.size()));
    return text;
}

template <std::string (*function)(std::string_view)>
Result<Value> mapped(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    return runtime.text(function(text->bytes), text->safe);
}

// Words begin after white space, hyphens and opening brackets.
Result<Value> title(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    std::string_view all = text->bytes;
    auto separates = [](char32_t point) {
        return is_space(point) || point == '-' || point == '(' || point == '{' || point == '[' ||
               point == '<';
    };
    std::string out;
    for (size_t at = 0; at < all.size();) {
        size_t begin = at;
        char32_t first = next_point(all, at);
        size_t after_first = at;
        if (separates(first)) {
            out += all.substr(begin, at - begin);
            continue;
        }
        while (at < all.size()) {
            size_t next = at;
            if (separates(next_point(all, next))) break;
            at = next;
        }
        out += to_upper(all.substr(begin, after_first - begin));
        out += to_lower(all.substr(after_first, at - after_first));
    }
    return runtime.text(std::move(out), text->safe);
}

Result<Value> trim(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr text = TRY(printed(runtime, input));
    Call call;
    if (bound.has(0)) call.positional.push_back(*bound[0]);
    return run_builtin(runtime, *find_builtin(string_methods(), "strip"), Value(text), call);
}

Result<Value> replace(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr text = TRY(printed(runtime, input));
    TextPtr old = TRY(printed(runtime, *bound[0])), replacement = TRY(printed(runtime, *bound[1]));
    int64_t most = bound.has(2) && bound[2]->is_none() ? -1 : TRY(bound.integer(2, -1));
    Value plain = TRY(replaced(runtime, *text, old->bytes, replacement->bytes, most));
    return text->safe ? runtime.text(plain.text()->bytes) : plain;
}

Result<Value> join(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr separator = bound.has(0) ? TRY(printed(runtime, *bound[0])) : nullptr;
    AttributePath path = TRY(AttributePath::of(runtime, bound[1]));
    Iteration walk = TRY(Iteration::over(input));
    TextBuilder out(runtime);
    for (bool first = true; auto item = walk.next(runtime); first = false) {
        TRY(runtime.budget.step());
        if (!first && separator) TRY(out.add(separator->bytes));
        Value value = TRY(path.from(runtime, std::move(*item)));
        TRY(print(out, value));
    }
    return out.value();
}

Result<Value> indent(Runtime& runtime, const Value& input, const Bound& bound) {
    if (input.is_undefined()) return type_error(input.why());
    const Text* text = input.text();
    if (!text) return type_error(cat("only strings can be indented, not ", input.type()));
    TextBuilder space(runtime);
    bool by_text = bound.has(0) && bound[0]->is_string();
    int64_t width = by_text ? 0 : TRY(bound.integer(0, 4));
    if (by_text)
        TRY(space.add(bound[0]->text()->bytes));
    else
        TRY(space.add(" ", static_cast<size_t>(std::max<int64_t>(width, 0))));
    bool first = bound.truthy(1, false), blank = bound.truthy(2, false);
    TRY(runtime.budget.bytes(8 * text->bytes.size()));
    TextBuilder out(runtime);
    std::string all = text->bytes + "\n";
    bool is_first = true;
    for (std::string_view line : split_lines(all, false)) {
        if (!is_first) TRY(out.add("\n"));
        bool indented = is_first ? first : blank || !line.empty();
        if (indented) TRY(out.add(space.text()));
        TRY(out.add(line));
        is_first = false;
    }
    return out.value(text->safe);
}

Result<Value> escape(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    return text->safe ? Value(text) : runtime.text(escape_html(text->bytes), true);
}

Result<Value> force_escape(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    return runtime.text(escape_html(text->bytes), true);
}

Result<Value> safe(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    return runtime.text(text->bytes, true);
}

Result<Value> string(Runtime& runtime, const Value& input, const Bound&) {
    return Value(TRY(printed(runtime, input)));
}

Result<Value> format(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr text = TRY(printed(runtime, input));
    if (bound.call.named.empty())
        return format_percent(runtime, text->bytes, runtime.tuple(bound.call.positional));
    if (!bound.call.positional.empty())
        return type_error("can't handle positional and keyword arguments at the same time");
    DictBuilder values(runtime);
    for (const auto& [name, value] : bound.call.named) TRY(values.set(name, value));
    return format_percent(runtime, text->bytes, values.value());
}

Result<Value> center(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr text = TRY(printed(runtime, input));
    return placed(runtime, *text, TRY(bound.integer(0, 80)), " ", Placement::Center);
}

Result<Value> truncate(Runtime& runtime, const Value& input, const Bound& bound) {
    TextPtr text = TRY(text_of(runtime, input));
    int64_t length = TRY(bound.integer(0, 255));
    bool cut_words = bound.truthy(1, false);
    TextPtr end =
        bound.has(2) ? TRY(printed(runtime, *bound[2])) : runtime.text("...").shared_text();
    int64_t leeway = bound.has(3) && bound[3]->is_none() ? 5 : TRY(bound.integer(3, 5));
    auto end_length = static_cast<int64_t>(end->length);
    if (length < end_length || leeway < 0)
        return type_error(cat("a text cannot be truncated to ", length, " characters"));
    if (static_cast<int64_t>(text->length) - leeway <= length) return Value(text);
    auto kept = static_cast<size_t>(length - end_length);
    std::string_view part =
        std::string_view(text->bytes).substr(0, offset_of_point(text->bytes, kept));
    if (!cut_words) part = part.substr(0, part.rfind(' '));
    return runtime.text(cat(part, end->bytes));
}

Result<Value> word_count(Runtime& runtime, const Value& input, const Bound&) {
    TextPtr text = TRY(text_of(runtime, input));
    int64_t words = 0;
    bool inside = false;
    for (size_t at = 0; at < text->bytes.size();) {
        char32_t point = next_point(text->bytes, at);
        bool is_word = is_alpha(point) || is_numeric(point) || point == '_';
        words += is_word && !inside;
        inside = is_word;
    }
    return Value(words);
}

Result<std::string> percent_encoded(Runtime& runtime, const Value& value, bool in_query) {
    static constexpr char hex[] = "0123456789ABCDEF";
    TextPtr text = TRY(text_of(runtime, value));
    std::string out;
    for (char c : text->bytes) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     std::string_view("_.-~").find(c) != std::string_view::npos ||
                     (c == '/' && !in_query);
        if (plain)
            out += c;
        else if (c == ' ' && in_query)
            out += '+';
        else
            ((out += '%') += hex[byte >> 4]) += hex[byte & 15];
    }
    return out;
}

Result<Value> url_encode(Runtime& runtime, const Value& input, const Bound&) {
    bool many = input.dict() || input.sequence();
    if (!many) return runtime.text(TRY(percent_encoded(runtime, input, false)));
    Call none;
    Value pairs =
        input.dict()
            ? TRY(run_builtin(runtime, *find_builtin(dict_methods(), "items"), input, none))
            : input;
    TextBuilder out(runtime);
    for (const Value& pair : TRY(to_vector(runtime, pairs))) {
        std::vector<Value> parts = TRY(to_vector(runtime, pair));
        if (parts.size() != 2) return type_error("urlencode wants a text, a mapping or pairs");
        if (!out.text().empty()) TRY(out.add("&"));
        std::string name = TRY(percent_encoded(runtime, parts[0], true));
        std::string value = TRY(percent_encoded(runtime, parts[1], true));
        TRY(out.add(cat(name, "=", value)));
    }
    return out.value();
}

constexpr Builtin table[] = {
    {"capitalize", "", mapped<capitalized>},
    {"center", "| width", center},
    {"e", "", escape},
    {"escape", "", escape},
    {"forceescape", "", force_escape},
    {"format", "*", format},
    {"indent", "| width first blank", indent},
    {"join", "| d attribute", join},
    {"lower", "", mapped<to_lower>},
    {"replace", "old new | count", replace},
    {"safe", "", safe},
    {"string", "", string},
    {"title", "", title},
    {"trim", "| chars", trim},
    {"truncate", "| length killwords end leeway", truncate},
    {"upper", "", mapped<to_upper>},
    {"urlencode", "", url_encode},
    {"wordcount", "", word_count},
};

}  // namespace

std::span<const Builtin> text_filters() {
    return table;
}

}  // namespace linnet::jinja
