#include "grammar/json_text.h"

#include "base/text.h"

namespace linnet {

std::string json_line(const Json& value) {
    std::string out;
    if (const Json::Array* array = value.as_array()) {
        for (const Json& element : *array) out += (out.empty() ? "" : ", ") + json_line(element);
        return "[" + out + "]";
    }
    if (const Json::Object* object = value.as_object()) {
        for (const auto& [name, member] : *object)
            out += (out.empty() ? "" : ", ") + json_quote(name) + ": " + json_line(member);
        return "{" + out + "}";
    }
    return value.dump();
}

CodeSet every_character() {
    return CodeSet({{0, 0x10FFFF}});
}

static ByteSet bytes_of(std::string_view text) {
    ByteSet set;
    for (char c : text) set.set(static_cast<uint8_t>(c));
    return set;
}

ExprId json_character(Draft& d) {
    CodeSet plain = CodeSet({{0x20, 0x10FFFF}}) & ~CodeSet({{'"', '"'}, {'\\', '\\'}});
    ExprId hex = d.bytes(bytes_of("0123456789abcdefABCDEF"));
    // \uXXXX of what is no surrogate: not D first, or D and then 0 to 7.
    ExprId not_d = d.bytes(bytes_of("0123456789abcefABCEF")), is_d = d.bytes(bytes_of("dD"));
    ExprId single =
        d.seq({d.alt({d.seq({not_d, hex}), d.seq({is_d, d.byte_range('0', '7')})}), hex, hex});
    ExprId high = d.seq({is_d, d.bytes(bytes_of("89abAB")), hex, hex});
    ExprId low = d.seq({is_d, d.bytes(bytes_of("cdefCDEF")), hex, hex});
    ExprId pair = d.seq({high, d.literal("\\u"), low});
    ExprId escape = d.seq(
        {d.literal("\\"),
         d.alt({d.bytes(bytes_of("\"\\/bfnrt")), d.seq({d.literal("u"), d.alt({single, pair})})})});
    return d.alt({d.code_points(plain), escape});
}

ExprId json_spelling(Draft& draft, const CodeSet& set) {
    CodeSet special({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}});
    std::vector<ExprId> parts;
    CodeSet plain = set & ~special, escaped = set & special;
    if (!plain.empty()) parts.push_back(draft.code_points(plain));
    for (const CodeRange& range : escaped.ranges())
        for (uint32_t code = range.first; code <= range.last; code++) {
            std::string quoted = json_quote(std::string(1, static_cast<char>(code)));
            parts.push_back(draft.literal(std::string_view(quoted).substr(1, quoted.size() - 2)));
        }
    return draft.alt(std::move(parts));
}

static ExprId digits(Draft& draft, uint32_t least, uint32_t most) {
    return draft.repeat(draft.byte_range('0', '9'), least, most);
}

static ExprId whole_part(Draft& d) {
    return d.alt({d.literal("0"), d.seq({d.byte_range('1', '9'), digits(d, 0, 14)})});
}

ExprId json_number(Draft& d) {
    ExprId fraction = d.seq({d.literal("."), digits(d, 1, 15)});
    ExprId exponent =
        d.seq({d.bytes(bytes_of("eE")), d.optional(d.bytes(bytes_of("+-"))), digits(d, 1, 2)});
    return d.seq(
        {d.optional(d.literal("-")), whole_part(d), d.optional(fraction), d.optional(exponent)});
}

ExprId json_integer(Draft& d) {
    ExprId natural = d.seq({d.byte_range('1', '9'), digits(d, 0, 14)});
    return d.alt({d.literal("0"), d.seq({d.optional(d.literal("-")), natural})});
}

}  // namespace linnet
