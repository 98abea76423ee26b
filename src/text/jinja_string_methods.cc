// Methods of strings that make something of them.
#include <algorithm>

#include "text/jinja_call.h"
#include "text/jinja_format.h"
#include "text/jinja_text_tools.h"

namespace linnet::jinja {
namespace {

std::string_view bytes_of(const Value& self) {
    return self.text()->bytes;
}

// The walks below go over the text once or a few times.
Result<Done> pay(Runtime& runtime, const Value& self) {
    return runtime.budget.bytes(8 * self.text()->bytes.size());
}

template <auto function>
Result<Value> mapped(Runtime& runtime, const Value& self, const Bound&) {
    TRY(pay(runtime, self));
    return runtime.text(std::string(function(bytes_of(self))), self.text()->safe);
}

enum class Side { Left, Right, Both };

template <Side side>
Result<Value> stripped(Runtime& runtime, const Value& self, const Bound& bound) {
    std::string_view text = bytes_of(self);
    bool given = bound.has(0) && !bound[0]->is_none();
    std::string_view points = given ? TRY(bound.string(0, "")) : "";
    TRY(runtime.budget.bytes(text.size()));
    if (given) TRY(runtime.budget.step(text.size() / 16 * points.size() / 16));
    if (side != Side::Right) text = given ? strip_left(text, points) : strip_left(text);
    if (side != Side::Left) text = given ? strip_right(text, points) : strip_right(text);
    if (text.size() == bytes_of(self).size()) return self;
    return runtime.text(std::string(text), self.text()->safe);
}

// A slice of the text in code points, as find, count, startswith and others take it.
struct Part {
    std::string_view text;
    int64_t start;  // in code points
    bool valid;     // false: start lies behind the end, where nothing matches
};
Result<Part> part_of(Runtime& runtime, const Value& self, const Bound& bound, size_t first) {
    const Text& text = *self.text();
    auto length = static_cast<int64_t>(text.length);
    auto given = [&](size_t i) { return bound.has(i) && !bound[i]->is_none(); };
    if (!given(first) && !given(first + 1)) return Part{text.bytes, 0, true};
    auto clamp = [&](int64_t i) { return std::max<int64_t>(i < 0 ? i + length : i, 0); };
    int64_t start = given(first) ? clamp(TRY(bound.integer(first, 0))) : 0;
    int64_t end =
        given(first + 1) ? std::min(clamp(TRY(bound.integer(first + 1, 0))), length) : length;
    TRY(pay(runtime, self));
    if (start > end || start > length) return Part{{}, start, false};
    size_t from = offset_of_point(text.bytes, static_cast<size_t>(start));
    std::string_view rest = std::string_view(text.bytes).substr(from);
    return Part{rest.substr(0, offset_of_point(rest, static_cast<size_t>(end - start))), start,
                true};
}

template <bool at_end>
Result<Value> has_affix(Runtime& runtime, const Value& self, const Bound& bound) {
    Part part = TRY(part_of(runtime, self, bound, 1));
    auto matches = [&](const Value& affix) -> Result<bool> {
        if (affix.is_undefined()) return type_error(affix.why());
        if (!affix.is_string())
            return type_error(cat("a string or a tuple of strings is wanted, not ", affix.type()));
        TRY(runtime.budget.bytes(affix.text()->bytes.size()));
        const std::string& text = affix.text()->bytes;
        return part.valid && (at_end ? part.text.ends_with(text) : part.text.starts_with(text));
    };
    const Sequence* many = bound[0]->sequence();
    if (!many || many->flavor != Sequence::Flavor::Tuple) return Value(TRY(matches(*bound[0])));
    for (const Value& affix : many->items)
        if (TRY(matches(affix))) return Value(true);
    return Value(false);
}

// find, rfind, index, rindex.
template <bool last, bool must>
Result<Value> found_at(Runtime& runtime, const Value& self, const Bound& bound) {
    std::string_view wanted = TRY(bound.string(0, ""));
    Part part = TRY(part_of(runtime, self, bound, 1));
    TRY(pay(runtime, self));
    size_t at = !part.valid ? std::string_view::npos
                : last      ? find_text_last(part.text, wanted)
                            : find_text(part.text, wanted);
    if (at != std::string_view::npos)
        return Value(part.start + static_cast<int64_t>(count_points(part.text.substr(0, at))));
    return must ? Result<Value>(type_error("substring not found")) : Value(-1);
}

Result<Value> count(Runtime& runtime, const Value& self, const Bound& bound) {
    std::string_view wanted = TRY(bound.string(0, ""));
    Part part = TRY(part_of(runtime, self, bound, 1));
    TRY(pay(runtime, self));
    if (!part.valid) return Value(0);
    if (wanted.empty()) return Value(count_points(part.text) + 1);
    int64_t times = 0;
    for (size_t at = 0; (at = find_text(part.text, wanted, at)) != std::string_view::npos;
         at += wanted.size())
        times++;
    return Value(times);
}

Result<Value> replace(Runtime& runtime, const Value& self, const Bound& bound) {
    return replaced(runtime, *self.text(), TRY(bound.string(0, "")), TRY(bound.string(1, "")),
                    TRY(bound.integer(2, -1)));
}

Value piece(Runtime& runtime, std::string_view text) {
    return runtime.text(std::string(text));
}

// Splits at white space: `most` times from the left, or from the right.
Result<Value> split_space(Runtime& runtime, std::string_view text, int64_t most, bool from_right) {
    std::vector<Value> parts;
    text = from_right ? strip_right(text) : strip_left(text);
    while (!text.empty()) {
        TRY(runtime.budget.step());
        if (most == 0) {
            parts.push_back(piece(runtime, text));
            break;
        }
        size_t cut = from_right ? text.size() : 0;
        for (size_t at = cut; from_right ? at > 0 : at < text.size(); cut = at)
            if (is_space(from_right ? previous_point(text, at) : next_point(text, at))) break;
        if (from_right) {
            parts.push_back(piece(runtime, text.substr(cut)));
            text = strip_right(text.substr(0, cut));
        } else {
            parts.push_back(piece(runtime, text.substr(0, cut)));
            text = strip_left(text.substr(cut));
        }
        most--;
    }
    if (from_right) std::reverse(parts.begin(), parts.end());
    return runtime.list(std::move(parts));
}

Result<Value> split_at(Runtime& runtime, std::string_view text, std::string_view separator,
                       int64_t most) {
    std::vector<Value> parts;
    size_t begin = 0;
    for (; most != 0; most--) {
        size_t at = find_text(text, separator, begin);
        if (at == std::string_view::npos) break;
        TRY(runtime.budget.step());
        parts.push_back(piece(runtime, text.substr(begin, at - begin)));
        begin = at + separator.size();
    }
    parts.push_back(piece(runtime, text.substr(begin)));
    return runtime.list(std::move(parts));
}

Result<Value> split_at_right(Runtime& runtime, std::string_view text, std::string_view separator,
                             int64_t most) {
    std::string backwards(text.rbegin(), text.rend());
    std::string reversed(separator.rbegin(), separator.rend());
    std::vector<Value> parts;
    size_t end = text.size();
    for (; most != 0; most--) {
        size_t at = find_text(backwards, reversed, text.size() - end);
        if (at == std::string_view::npos) break;
        TRY(runtime.budget.step());
        size_t begin = text.size() - at;
        parts.push_back(piece(runtime, text.substr(begin, end - begin)));
        end = begin - separator.size();
    }
    parts.push_back(piece(runtime, text.substr(0, end)));
    std::reverse(parts.begin(), parts.end());
    return runtime.list(std::move(parts));
}

template <bool from_right>
Result<Value> split_text(Runtime& runtime, const Value& self, const Bound& bound) {
    int64_t most = TRY(bound.integer(1, -1));
    TRY(pay(runtime, self));
    if (!bound.has(0) || bound[0]->is_none())
        return split_space(runtime, bytes_of(self), most, from_right);
    std::string_view separator = TRY(bound.string(0, ""));
    if (separator.empty()) return type_error("empty separator");
    return from_right ? split_at_right(runtime, bytes_of(self), separator, most)
                      : split_at(runtime, bytes_of(self), separator, most);
}

Result<Value> lines(Runtime& runtime, const Value& self, const Bound& bound) {
    TRY(pay(runtime, self));
    std::vector<Value> parts;
    for (std::string_view line : split_lines(bytes_of(self), bound.truthy(0, false)))
        parts.push_back(piece(runtime, line));
    TRY(runtime.budget.step(parts.size()));
    return runtime.list(std::move(parts));
}

template <bool last>
Result<Value> partition(Runtime& runtime, const Value& self, const Bound& bound) {
    std::string_view text = bytes_of(self), separator = TRY(bound.string(0, ""));
    if (separator.empty()) return type_error("empty separator");
    TRY(pay(runtime, self));
    size_t at = last ? find_text_last(text, separator) : find_text(text, separator);
    Value nothing = runtime.text("");
    if (at == std::string_view::npos)
        return last ? runtime.tuple({nothing, nothing, self})
                    : runtime.tuple({self, nothing, nothing});
    return runtime.tuple({piece(runtime, text.substr(0, at)), piece(runtime, separator),
                          piece(runtime, text.substr(at + separator.size()))});
}

template <bool at_end>
Result<Value> without_affix(Runtime& runtime, const Value& self, const Bound& bound) {
    std::string_view text = bytes_of(self), affix = TRY(bound.string(0, ""));
    if (at_end && text.ends_with(affix)) text.remove_suffix(affix.size());
    if (!at_end && text.starts_with(affix)) text.remove_prefix(affix.size());
    return piece(runtime, text);
}

Result<Value> join(Runtime& runtime, const Value& self, const Bound& bound) {
    TextBuilder out(runtime);
    Iteration walk = TRY(Iteration::over(*bound[0]));
    for (bool first = true; auto item = walk.next(runtime); first = false) {
        if (!item->is_string())
            return type_error(cat("a list to be joined holds an item of type ", item->type()));
        if (!first) TRY(out.add(bytes_of(self)));
        TRY(out.add(bytes_of(*item)));
    }
    return out.value();
}

// ljust, rjust, center: where the text stands in its field.
template <Placement placement>
Result<Value> justified(Runtime& runtime, const Value& self, const Bound& bound) {
    int64_t width = TRY(bound.integer(0, 0));
    std::string_view fill = TRY(bound.string(1, " "));
    if (count_points(fill) != 1)
        return type_error("the fill character must be exactly one character long");
    return placed(runtime, *self.text(), width, fill, placement);
}

Result<Value> zero_filled(Runtime& runtime, const Value& self, const Bound& bound) {
    int64_t missing = TRY(bound.integer(0, 0)) - static_cast<int64_t>(self.text()->length);
    std::string_view text = bytes_of(self);
    bool has_sign = text.starts_with('-') || text.starts_with('+');
    TextBuilder out(runtime);
    TRY(out.add(text.substr(0, has_sign)));
    TRY(out.add("0", static_cast<size_t>(std::max<int64_t>(missing, 0))));
    TRY(out.add(text.substr(has_sign)));
    return out.value();
}

Result<Value> tabs_expanded(Runtime& runtime, const Value& self, const Bound& bound) {
    int64_t size = TRY(bound.integer(0, 8)), column = 0;
    std::string_view text = bytes_of(self);
    TRY(pay(runtime, self));
    TextBuilder out(runtime);
    for (size_t at = 0; at < text.size();) {
        size_t begin = at;
        char32_t point = next_point(text, at);
        if (point == '\t') {
            int64_t spaces = size > 0 ? size - column % size : 0;
            TRY(out.add(" ", static_cast<size_t>(spaces)));
            column += spaces;
            continue;
        }
        TRY(out.add(text.substr(begin, at - begin)));
        column = point == '\n' || point == '\r' ? 0 : column + 1;
    }
    return out.value();
}

Result<Value> format(Runtime& runtime, const Value& self, const Bound& bound) {
    return format_braces(runtime, bytes_of(self), bound.call);
}

Result<Value> format_map(Runtime& runtime, const Value& self, const Bound& bound) {
    const Dict* dict = bound[0]->dict();
    if (!dict) return type_error("format_map() wants a mapping");
    Call call;
    for (const Dict::Entry& entry : dict->entries)
        if (entry.key.is_string()) call.named.emplace_back(entry.key.text()->bytes, entry.value);
    TRY(runtime.budget.step(call.named.size()));
    return format_braces(runtime, bytes_of(self), call);
}

constexpr Builtin table[] = {
    {"capitalize", "", mapped<capitalized>},
    {"casefold", "", mapped<to_lower>},
    {"center", "width | fillchar", justified<Placement::Center>},
    {"count", "sub | start end", count},
    {"endswith", "suffix | start end", has_affix<true>},
    {"expandtabs", "| tabsize", tabs_expanded},
    {"find", "sub | start end", found_at<false, false>},
    {"format", "*", format},
    {"format_map", "mapping", format_map},
    {"index", "sub | start end", found_at<false, true>},
    {"join", "iterable", join},
    {"ljust", "width | fillchar", justified<Placement::Left>},
    {"lower", "", mapped<to_lower>},
    {"lstrip", "| chars", stripped<Side::Left>},
    {"partition", "sep", partition<false>},
    {"removeprefix", "prefix", without_affix<false>},
    {"removesuffix", "suffix", without_affix<true>},
    {"replace", "old new | count", replace},
    {"rfind", "sub | start end", found_at<true, false>},
    {"rindex", "sub | start end", found_at<true, true>},
    {"rjust", "width | fillchar", justified<Placement::Right>},
    {"rpartition", "sep", partition<true>},
    {"rsplit", "| sep maxsplit", split_text<true>},
    {"rstrip", "| chars", stripped<Side::Right>},
    {"split", "| sep maxsplit", split_text<false>},
    {"splitlines", "| keepends", lines},
    {"startswith", "prefix | start end", has_affix<false>},
    {"strip", "| chars", stripped<Side::Both>},
    {"swapcase", "", mapped<swapped_case>},
    {"title", "", mapped<titled>},
    {"upper", "", mapped<to_upper>},
    {"zfill", "width", zero_filled},
};

}  // namespace

std::span<const Builtin> string_methods() {
    return table;
}

}  // namespace linnet::jinja
