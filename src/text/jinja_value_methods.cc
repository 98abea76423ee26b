// Methods of strings that ask about them, and those of lists and dicts.
#include <algorithm>

#include "text/jinja_call.h"

namespace linnet::jinja {
namespace {

using Flavor = Sequence::Flavor;

template <bool (*test)(char32_t)>
bool all_points(std::string_view text) {
    for (size_t at = 0; at < text.size();)
        if (!test(next_point(text, at))) return false;
    return !text.empty();
}

bool is_alnum(char32_t point) {
    return is_alpha(point) || is_decimal(point) || is_digit(point) || is_numeric(point);
}

template <bool (*test)(char32_t)>
Result<Value> all_are(Runtime& runtime, const Value& self, const Bound&) {
    TRY(runtime.budget.bytes(8 * self.text()->bytes.size()));
    return Value(all_points<test>(self.text()->bytes));
}

Result<Value> is_ascii(Runtime&, const Value& self, const Bound&) {
    return Value(self.text()->ascii());
}

Result<Value> is_all_printable(Runtime& runtime, const Value& self, const Bound&) {
    TRY(runtime.budget.bytes(8 * self.text()->bytes.size()));
    return Value(self.text()->bytes.empty() || all_points<is_printable>(self.text()->bytes));
}

Result<Value> is_identifier(Runtime& runtime, const Value& self, const Bound&) {
    std::string_view text = self.text()->bytes;
    TRY(runtime.budget.bytes(8 * text.size()));
    size_t at = 0;
    if (text.empty() || !is_identifier_start(next_point(text, at))) return Value(false);
    while (at < text.size())
        if (!is_identifier_part(next_point(text, at))) return Value(false);
    return Value(true);
}

template <bool upper>
Result<Value> is_in_case(Runtime& runtime, const Value& self, const Bound&) {
    TRY(runtime.budget.bytes(8 * self.text()->bytes.size()));
    return Value(is_all_case(self.text()->bytes, upper));
}

Result<Value> is_titled(Runtime& runtime, const Value& self, const Bound&) {
    std::string_view text = self.text()->bytes;
    TRY(runtime.budget.bytes(8 * text.size()));
    bool any = false, inside = false;
    for (size_t at = 0; at < text.size();) {
        char32_t point = next_point(text, at);
        bool upper = is_upper(point) || is_title(point);
        if ((upper && inside) || (is_lower(point) && !inside)) return Value(false);
        inside = is_cased(point);
        any |= inside;
    }
    return Value(any);
}

constexpr Builtin string_table[] = {
    {"isalnum", "", all_are<is_alnum>},
    {"isalpha", "", all_are<is_alpha>},
    {"isascii", "", is_ascii},
    {"isdecimal", "", all_are<is_decimal>},
    {"isdigit", "", all_are<is_digit>},
    {"isidentifier", "", is_identifier},
    {"islower", "", is_in_case<false>},
    {"isnumeric", "", all_are<is_numeric>},
    {"isprintable", "", is_all_printable},
    {"isspace", "", all_are<is_space>},
    {"istitle", "", is_titled},
    {"isupper", "", is_in_case<true>},
};

Result<Value> count_items(Runtime& runtime, const Value& self, const Bound& bound) {
    int64_t times = 0;
    for (const Value& item : self.sequence()->items) times += TRY(equal(runtime, item, *bound[0]));
    return Value(times);
}

Result<Value> index_of(Runtime& runtime, const Value& self, const Bound& bound) {
    const std::vector<Value>& items = self.sequence()->items;
    auto length = static_cast<int64_t>(items.size());
    auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + length : i, 0, length); };
    int64_t start = clamp(TRY(bound.integer(1, 0))), end = clamp(TRY(bound.integer(2, length)));
    for (int64_t i = start; i < end; i++)
        if (TRY(equal(runtime, items[static_cast<size_t>(i)], *bound[0]))) return Value(i);
    return type_error(cat("the item is not in the ", self.type()));
}

Result<Value> copy_list(Runtime& runtime, const Value& self, const Bound&) {
    TRY(runtime.budget.step(self.sequence()->items.size()));
    return runtime.list(self.sequence()->items);
}

constexpr Builtin sequence_table[] = {
    {"copy", "", copy_list},
    {"count", "value", count_items},
    {"index", "value | start stop", index_of},
};

Result<Value> get(Runtime& runtime, const Value& self, const Bound& bound) {
    if (const Value* found = TRY(find_key(runtime, *self.dict(), *bound[0]))) return *found;
    return bound.has(1) ? *bound[1] : Value::none();
}

template <Flavor flavor>
Result<Value> view(Runtime& runtime, const Value& self, const Bound&) {
    std::vector<Value> out;
    TRY(runtime.budget.step(self.dict()->entries.size()));
    for (const Dict::Entry& entry : self.dict()->entries) {
        if (flavor == Flavor::Items)
            out.push_back(runtime.tuple({entry.key, entry.value}));
        else
            out.push_back(flavor == Flavor::Keys ? entry.key : entry.value);
    }
    return runtime.list(std::move(out), flavor);
}

Result<Value> copy_dict(Runtime&, const Value& self, const Bound&) {
    return self;  // nothing can change it
}

constexpr Builtin dict_table[] = {
    {"copy", "", copy_dict},
    {"get", "key | default", get},
    {"items", "", view<Flavor::Items>},
    {"keys", "", view<Flavor::Keys>},
    {"values", "", view<Flavor::Values>},
};

}  // namespace

std::span<const Builtin> string_test_methods() {
    return string_table;
}

std::span<const Builtin> sequence_methods() {
    return sequence_table;
}

std::span<const Builtin> dict_methods() {
    return dict_table;
}

}  // namespace linnet::jinja
