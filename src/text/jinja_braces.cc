// "…".format(…)
#include <algorithm>
#include <cmath>

#include "text/jinja_format.h"
#include "text/jinja_layout.h"

namespace linnet::jinja {
namespace {

class Braces {
  public:
    Braces(Runtime& runtime, const Call& call) : call_(call), runtime_(runtime) {}

    // Formats nest once: "{:{width}}".
    Result<Done> run(TextBuilder& out, std::string_view format, int nesting) {
        if (nesting > 2) return type_error("Max string recursion exceeded");
        for (size_t at = 0; at < format.size();) {
            size_t next = std::min(format.find_first_of("{}", at), format.size());
            TRY(out.add(format.substr(at, next - at)));
            at = next + 1;
            if (next >= format.size()) break;
            bool doubled = at < format.size() && format[at] == format[next];
            if (doubled) {
                TRY(out.add(format.substr(next, 1)));
                at++;
            } else if (format[next] == '}') {
                return type_error("Single '}' encountered in format string");
            } else {
                size_t end = closing(format, at);
                if (end == format.npos) return type_error("expected '}' before end of string");
                TRY(field(out, format.substr(at, end - at), nesting));
                at = end + 1;
            }
        }
        return Done{};
    }

  private:
    static size_t closing(std::string_view format, size_t at) {
        for (int open = 1; at < format.size(); at++) {
            if (format[at] == '{') open++;
            if (format[at] == '}' && --open == 0) return at;
        }
        return format.npos;
    }

    Result<Done> field(TextBuilder& out, std::string_view text, int nesting) {
        size_t name_end = 0;
        for (bool inside = false; name_end < text.size(); name_end++) {
            if (text[name_end] == '[') inside = true;
            if (text[name_end] == ']') inside = false;
            if (!inside && (text[name_end] == ':' || text[name_end] == '!')) break;
        }
        Value value = TRY(look_up(text.substr(0, name_end)));
        text.remove_prefix(name_end);
        if (text.starts_with('!')) {
            if (text.size() < 2 || (text.size() > 2 && text[2] != ':'))
                return type_error("expected ':' after conversion specifier");
            value = TRY(converted(value, text[1]));
            text.remove_prefix(2);
        }
        if (text.starts_with(':')) text.remove_prefix(1);
        TextBuilder layout(runtime_);
        TRY(run(layout, text, nesting + 1));
        return lay_out(out, value, layout.text());
    }

    Result<Value> converted(const Value& value, char how) {
        TextBuilder out(runtime_);
        if (how == 's')
            TRY(print(out, value));
        else if (how == 'r' || how == 'a')
            TRY(print_quoted(out, value));
        else
            return type_error(
                cat("Unknown conversion specifier '", printable(std::string_view(&how, 1)), "'"));
        return out.value();
    }

    Result<Value> look_up(std::string_view path) {
        size_t end = std::min(path.find_first_of(".["), path.size());
        Value value = TRY(first(path.substr(0, end)));
        for (path.remove_prefix(end); !path.empty(); path.remove_prefix(end)) {
            if (path[0] == '.') {
                end = std::min(path.find_first_of(".[", 1), path.size());
                value = TRY(attribute_of(runtime_, value, path.substr(1, end - 1)));
                continue;
            }
            end = path.find(']');
            if (path[0] != '[' || end == path.npos)
                return type_error("Missing ']' in format string");
            std::string_view key = path.substr(1, end - 1);
            auto index = parse_integer<int64_t>(key);
            value = TRY(item_of(runtime_, value, index ? Value(*index) : runtime_.text(key)));
            end++;
        }
        return value;
    }

    Result<Value> first(std::string_view name) {
        std::optional<size_t> index;
        if (name.empty())
            index = automatic_++;
        else
            index = parse_integer<size_t>(name);
        if (index) {
            if (*index < call_.positional.size()) return call_.positional[*index];
            return type_error(
                cat("Replacement index ", *index, " out of range for positional args tuple"));
        }
        for (const auto& [key, value] : call_.named)
            if (key == name) return value;
        return type_error(
            cat("the format names ", quote(printable(name, 80)), ", which is not given"));
    }

    Result<Layout> read_layout(std::string_view text) {
        Layout layout;
        size_t at = 0;
        auto is_align = [&](size_t i) {
            return i < text.size() &&
                   std::string_view("<>^=").find(text[i]) != std::string_view::npos;
        };
        if (size_t after = 0; !text.empty() && (next_point(text, after), is_align(after))) {
            layout.fill = text.substr(0, after);
            layout.align = text[after];
            at = after + 1;
        } else if (is_align(0)) {
            layout.align = text[at++];
        }
        if (at < text.size() && std::string_view("+- ").find(text[at]) != std::string_view::npos)
            layout.sign = text[at++];
        if (at < text.size() && text[at] == '#') layout.alternate = text[at++] == '#';
        if (at < text.size() && text[at] == '0') {
            if (!layout.align) {
                layout.fill = "0";
                layout.align = '0';
            }
            at++;
        }
        layout.width = TRY(read_count(text, at, width_max));
        if (at < text.size() && text[at] == ',') layout.grouped = text[at++] == ',';
        if (at < text.size() && text[at] == '.') {
            at++;
            layout.precision = TRY(read_count(text, at, precision_max));
        }
        if (at < text.size()) layout.type = text[at++];
        if (at < text.size()) return type_error("Invalid format specifier");
        return layout;
    }

    Result<Done> lay_out(TextBuilder& out, const Value& value, std::string_view format) {
        if (format.empty()) return print(out, value);
        Layout layout = TRY(read_layout(format));
        auto integer = value.integer();
        auto number = value.number();
        auto wrong = [&] {
            return type_error(cat("format '", printable(format, 80),
                                  "' does not fit an object of type '", value.type(), "'"));
        };
        if (number) {
            if (layout.align == '0') layout.align = '=';
            bool as_integer = integer && !is_float_type(layout.type);
            if (as_integer && layout.type == 'c') return wrong();
            if (as_integer && layout.precision >= 0) return wrong();
            if (as_integer && layout.type != 0 &&
                std::string_view("dnxXob").find(layout.type) == std::string_view::npos)
                return wrong();
            if (!as_integer && layout.type != 0 && layout.type != 'n' &&
                !is_float_type(layout.type))
                return wrong();
            return as_integer ? lay_out_integer(out, *integer, layout)
                              : lay_out_float(out, *number, layout);
        }
        if (!value.is_string()) return wrong();
        if (layout.align == '=' || layout.sign != '-' || layout.alternate || layout.grouped ||
            (layout.type != 0 && layout.type != 's'))
            return wrong();
        if (layout.align == '0') layout.align = '<';
        return lay_out_text(out, value.text()->bytes, layout);
    }

    const Call& call_;
    Runtime& runtime_;
    size_t automatic_ = 0;
};

}  // namespace

Result<Value> format_braces(Runtime& runtime, std::string_view format, const Call& call) {
    TextBuilder out(runtime);
    TRY(Braces(runtime, call).run(out, format, 0));
    return out.value();
}

}  // namespace linnet::jinja
