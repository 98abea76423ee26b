// Python's str() and repr().
#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/jinja_format.h"
#include "text/jinja_runtime.h"

namespace linnet::jinja {
namespace {

using Kind = Value::Kind;
using Flavor = Sequence::Flavor;

Result<Done> print_items(TextBuilder& out, const std::vector<Value>& items) {
    for (size_t i = 0; i < items.size(); i++) {
        if (i > 0) TRY(out.add(", "));
        TRY(print_quoted(out, items[i]));
    }
    return Done{};
}

Result<Done> print_sequence(TextBuilder& out, const Sequence& sequence) {
    struct Brackets {
        std::string_view open, close;
    };
    static constexpr Brackets brackets[] = {{"[", "]"},
                                            {"(", ")"},
                                            {"range(", ")"},
                                            {"dict_keys([", "])"},
                                            {"dict_values([", "])"},
                                            {"dict_items([", "])"},
                                            {"<generator object", ">"}};
    auto [open, close] = brackets[static_cast<size_t>(sequence.flavor)];
    TRY(out.add(open));
    if (sequence.flavor == Flavor::Range) {
        TRY(out.add(sequence.label));
    } else if (sequence.flavor != Flavor::Generator) {
        TRY(print_items(out, sequence.items));
        if (sequence.flavor == Flavor::Tuple && sequence.items.size() == 1) TRY(out.add(","));
    }
    return out.add(close);
}

Result<Done> print_dict(TextBuilder& out, const Dict& dict) {
    TRY(out.add("{"));
    for (size_t i = 0; i < dict.entries.size(); i++) {
        if (i > 0) TRY(out.add(", "));
        TRY(print_quoted(out, dict.entries[i].key));
        TRY(out.add(": "));
        TRY(print_quoted(out, dict.entries[i].value));
    }
    return out.add("}");
}

void append_escaped(std::string& out, char32_t point) {
    char digits[16];
    const char* format = point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x";
    std::snprintf(digits, sizeof digits, format, static_cast<unsigned>(point));
    out += digits;
}

}  // namespace

std::string quote(std::string_view text) {
    bool single = text.find('\'') != text.npos, twofold = text.find('"') != text.npos;
    char quote = single && !twofold ? '"' : '\'';
    std::string out(1, quote);
    for (size_t at = 0; at < text.size();) {
        size_t begin = at;
        char32_t point = next_point(text, at);
        if (point == '\n')
            out += "\\n";
        else if (point == '\r')
            out += "\\r";
        else if (point == '\t')
            out += "\\t";
        else if (point == '\\' || point == static_cast<char32_t>(quote))
            (out += '\\') += static_cast<char>(point);
        else if (is_printable(point))
            out += text.substr(begin, at - begin);
        else
            append_escaped(out, point);
    }
    return out += quote;
}

std::string print_float(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    // The shortest digits that read back alike, then laid out as Python does: with an exponent
    // below 1e-4 and from 1e16 on.
    char text[64];
    auto [end, error] =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    std::string_view all(text, static_cast<size_t>(end - text));
    size_t e = all.find('e');
    int exponent = 0;
    std::from_chars(text + e + 1 + (text[e + 1] == '+'), end, exponent);
    std::string sign = all[0] == '-' ? "-" : "";
    std::string digits;
    for (char c : all.substr(0, e))
        if (c >= '0' && c <= '9') digits += c;
    if (exponent < -4 || exponent >= 16) {
        std::string out = sign + digits[0];
        if (digits.size() > 1) out += "." + digits.substr(1);
        char tail[16];
        std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
        return out + tail;
    }
    if (exponent < 0)
        return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
    size_t whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() <= whole)
        return sign + digits + std::string(whole - digits.size(), '0') + ".0";
    return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

Result<Done> print(TextBuilder& out, const Value& value) {
    if (value.is_undefined()) return Done{};
    if (const Text* text = value.text()) return out.add(text->bytes);
    return print_quoted(out, value);
}

Result<Done> print_quoted(TextBuilder& out, const Value& value) {
    switch (value.kind()) {
        case Kind::Undefined:
            return out.add("Undefined");
        case Kind::None:
            return out.add("None");
        case Kind::Bool:
            return out.add(value.truthy() ? "True" : "False");
        case Kind::Int:
            return out.add(cat(*value.integer()));
        case Kind::Float:
            return out.add(print_float(*value.number()));
        case Kind::String:
            if (!value.text()->safe) return out.add(quote(value.text()->bytes));
            TRY(out.add("Markup("));
            TRY(out.add(quote(value.text()->bytes)));
            return out.add(")");
        case Kind::Sequence:
            return print_sequence(out, *value.sequence());
        case Kind::Dict:
            return print_dict(out, *value.dict());
        case Kind::Object:
            return value.object()->print(out);
    }
    return Done{};
}

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '"':
                out += "&#34;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace linnet::jinja
