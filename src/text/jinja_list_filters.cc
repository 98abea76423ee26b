// Filters over lists and mappings.
#include <algorithm>

#include "text/jinja_filters.h"

namespace linnet::jinja {
namespace {

using Flavor = Sequence::Flavor;

Result<Value> length(Runtime&, const Value& input, const Bound&) {
    return Value(TRY(length_of(input)));
}

Result<Value> other_if_undefined(Runtime& runtime, const Value& input, const Bound& bound) {
    if (!input.is_undefined() && (input.truthy() || !bound.truthy(1, false))) return input;
    return bound.has(0) ? *bound[0] : runtime.text("");
}

Result<Value> attribute(Runtime& runtime, const Value& input, const Bound& bound) {
    TRY(bound.string(0, ""));
    // Unlike a dot, this does not look at a mapping's keys.
    Value found = TRY(attribute_of(runtime, input, bound[0]->text()->bytes));
    const Value* key = input.dict() ? input.dict()->find(bound[0]->text()->bytes) : nullptr;
    bool is_key = key && found.same_as(*key);
    return is_key ? Value::undefined(
                        cat("'dict object' has no attribute '", bound[0]->text()->bytes, "'"))
                  : found;
}

Result<Value> first(Runtime& runtime, const Value& input, const Bound&) {
    Iteration walk = TRY(Iteration::over(input));
    auto item = walk.next(runtime);
    return item ? std::move(*item) : Value::undefined("No first item, sequence was empty.");
}

Result<Value> last(Runtime& runtime, const Value& input, const Bound&) {
    const Sequence* sequence = input.sequence();
    if (sequence && sequence->flavor == Flavor::Generator)
        return type_error("'generator' object is not reversible");
    Value none = Value::undefined("No last item, sequence was empty.");
    if (sequence) return sequence->items.empty() ? none : sequence->items.back();
    if (const Dict* dict = input.dict())
        return dict->entries.empty() ? none : dict->entries.back().key;
    if (const Text* text = input.text()) {
        if (text->bytes.empty()) return none;
        size_t at = text->bytes.size();
        previous_point(text->bytes, at);
        return runtime.text(text->bytes.substr(at), text->safe);
    }
    if (input.is_undefined()) return none;
    return type_error(cat("'", input.type(), "' object is not reversible"));
}

Result<Value> list(Runtime& runtime, const Value& input, const Bound&) {
    return runtime.list(TRY(to_vector(runtime, input)));
}

Result<Value> items(Runtime& runtime, const Value& input, const Bound&) {
    if (input.is_undefined()) return runtime.list({}, Flavor::Generator);
    if (!input.dict()) return type_error("Can only get item pairs from a mapping.");
    std::vector<Value> pairs;
    for (const Dict::Entry& entry : input.dict()->entries) {
        TRY(runtime.budget.step());
        pairs.push_back(runtime.tuple({entry.key, entry.value}));
    }
    return runtime.list(std::move(pairs), Flavor::Generator);
}

Result<Value> reverse(Runtime& runtime, const Value& input, const Bound&) {
    if (input.is_undefined()) return type_error(input.why());
    if (input.is_string()) return slice_of(runtime, input, {.start = {}, .stop = {}, .step = -1});
    std::vector<Value> out = TRY(to_vector(runtime, input));
    std::reverse(out.begin(), out.end());
    bool lazy = !input.sequence() || input.sequence()->flavor != Flavor::Generator;
    return runtime.list(std::move(out), lazy ? Flavor::Generator : Flavor::List);
}

Result<Value> dict_sort(Runtime& runtime, const Value& input, const Bound& bound) {
    if (input.is_undefined()) return type_error(input.why());
    if (!input.dict())
        return type_error(cat("'", input.type(), "' object has no attribute 'items'"));
    std::string_view by = TRY(bound.string(1, "key"));
    if (by != "key" && by != "value")
        return type_error("You can only sort by either \"key\" or \"value\"");
    std::vector<Keyed> pairs;
    for (const Dict::Entry& entry : input.dict()->entries) {
        const Value& key = by == "key" ? entry.key : entry.value;
        TRY(runtime.budget.step());
        pairs.push_back({bound.truthy(0, false) ? key : ignore_case(runtime, key),
                         runtime.tuple({entry.key, entry.value})});
    }
    TRY(sort_by_key(runtime, pairs, bound.truthy(2, false)));
    std::vector<Value> out;
    for (Keyed& pair : pairs) out.push_back(std::move(pair.item));
    return runtime.list(std::move(out));
}

// By one attribute or several with commas between.
Result<Value> sort(Runtime& runtime, const Value& input, const Bound& bound) {
    bool keep_case = bound.truthy(1, false);
    std::vector<AttributePath> paths;
    const Text* names = bound.has(2) ? bound[2]->text() : nullptr;
    if (names)
        for (std::string_view name : split(names->bytes, ',')) {
            Value part = runtime.text(name);
            paths.push_back(TRY(AttributePath::of(runtime, &part)));
        }
    else
        paths.push_back(TRY(AttributePath::of(runtime, bound[2])));
    std::vector<Keyed> keyed;
    for (Value& item : TRY(to_vector(runtime, input))) {
        std::vector<Value> key;
        for (const AttributePath& path : paths) {
            TRY(runtime.budget.step());
            Value part = TRY(path.from(runtime, item));
            key.push_back(keep_case ? std::move(part) : ignore_case(runtime, part));
        }
        keyed.push_back({runtime.list(std::move(key)), std::move(item)});
    }
    TRY(sort_by_key(runtime, keyed, bound.truthy(0, false)));
    std::vector<Value> out;
    for (Keyed& item : keyed) out.push_back(std::move(item.item));
    return runtime.list(std::move(out));
}

Result<Value> unique(Runtime& runtime, const Value& input, const Bound& bound) {
    AttributePath path = TRY(AttributePath::of(runtime, bound[1]));
    DictBuilder seen(runtime);
    std::vector<Value> out;
    for (Value& item : TRY(to_vector(runtime, input))) {
        Value key = TRY(path.from(runtime, item));
        if (!bound.truthy(0, false)) key = ignore_case(runtime, key);
        if (TRY(seen.has(key))) continue;
        TRY(seen.set(std::move(key), Value::none()));
        out.push_back(std::move(item));
    }
    return runtime.list(std::move(out), Flavor::Generator);
}

template <bool greatest>
Result<Value> extreme(Runtime& runtime, const Value& input, const Bound& bound) {
    AttributePath path = TRY(AttributePath::of(runtime, bound[1]));
    std::optional<Keyed> best;
    for (Value& item : TRY(to_vector(runtime, input))) {
        Value key = TRY(path.from(runtime, item));
        if (!bound.truthy(0, false)) key = ignore_case(runtime, key);
        bool better = !best || TRY(greatest ? less(runtime, best->key, key, ">")
                                            : less(runtime, key, best->key, "<"));
        if (better) best = Keyed{std::move(key), std::move(item)};
    }
    return best ? std::move(best->item)
                : Value::undefined("No aggregated item, sequence was empty.");
}

Result<Value> sum(Runtime& runtime, const Value& input, const Bound& bound) {
    AttributePath path = TRY(AttributePath::of(runtime, bound[0]));
    Value total = bound.has(1) ? *bound[1] : Value(0);
    if (total.is_string()) return type_error("sum() can't sum strings [use ''.join(seq) instead]");
    for (Value& item : TRY(to_vector(runtime, input))) {
        Value value = TRY(path.from(runtime, std::move(item)));
        total = TRY(compute(runtime, Arithmetic::Add, total, value));
    }
    return total;
}

Result<Value> batch(Runtime& runtime, const Value& input, const Bound& bound) {
    int64_t size = TRY(bound.integer(0, 1));
    bool fills = bound.has(1) && !bound[1]->is_none();
    std::vector<Value> out, row;
    auto full = [&] { return static_cast<int64_t>(row.size()) == size; };
    for (Value& item : TRY(to_vector(runtime, input))) {
        if (full()) out.push_back(runtime.list(std::exchange(row, {})));
        row.push_back(std::move(item));
    }
    if (!row.empty()) {
        while (fills && static_cast<int64_t>(row.size()) < size) {
            TRY(runtime.budget.step());
            TRY(runtime.budget.room(row.size() * sizeof(Value)));
            row.push_back(*bound[1]);
        }
        out.push_back(runtime.list(std::move(row)));
    }
    return runtime.list(std::move(out), Flavor::Generator);
}

Result<Value> slice(Runtime& runtime, const Value& input, const Bound& bound) {
    int64_t slices = TRY(bound.integer(0, 1));
    if (slices == 0) return type_error("integer division or modulo by zero");
    bool fills = bound.has(1) && !bound[1]->is_none();
    std::vector<Value> all = TRY(to_vector(runtime, input)), out;
    auto length = static_cast<int64_t>(all.size());
    int64_t at = 0;
    for (int64_t i = 0; i < slices; i++) {
        TRY(runtime.budget.step());
        int64_t size = length / slices + (i < length % slices ? 1 : 0);
        std::vector<Value> row(all.begin() + at, all.begin() + at + size);
        at += size;
        if (fills && i >= length % slices) row.push_back(*bound[1]);
        out.push_back(runtime.list(std::move(row)));
    }
    return runtime.list(std::move(out), Flavor::Generator);
}

Result<Value> group_by(Runtime& runtime, const Value& input, const Bound& bound) {
    AttributePath path = TRY(AttributePath::of(runtime, bound[0]));
    bool keep_case = bound.truthy(2, false);
    std::vector<Keyed> keyed;
    for (Value& item : TRY(to_vector(runtime, input))) {
        Value key = TRY(path.from(runtime, item, bound[1]));
        keyed.push_back({keep_case ? std::move(key) : ignore_case(runtime, key), std::move(item)});
    }
    TRY(sort_by_key(runtime, keyed, false));
    std::vector<Value> out;
    for (size_t begin = 0, end = 0; begin < keyed.size(); begin = end) {
        std::vector<Value> group;
        while (end < keyed.size() && TRY(equal(runtime, keyed[begin].key, keyed[end].key)))
            group.push_back(std::move(keyed[end++].item));
        if (group.empty()) group.push_back(std::move(keyed[end++].item));  // NaN equals nothing
        Value name = keep_case ? keyed[begin].key : TRY(path.from(runtime, group[0], bound[1]));
        auto made = std::make_shared<Sequence>(
            &runtime.budget, Flavor::Tuple,
            std::vector<Value>{std::move(name), runtime.list(std::move(group))});
        made->label = group_label;
        out.emplace_back(std::shared_ptr<const Sequence>(std::move(made)));
    }
    return runtime.list(std::move(out));
}

constexpr Builtin table[] = {
    {"attr", "name", attribute},
    {"batch", "linecount | fill_with", batch},
    {"count", "", length},
    {"d", "| default_value boolean", other_if_undefined},
    {"default", "| default_value boolean", other_if_undefined},
    {"dictsort", "| case_sensitive by reverse", dict_sort},
    {"first", "", first},
    {"groupby", "attribute | default case_sensitive", group_by},
    {"items", "", items},
    {"last", "", last},
    {"length", "", length},
    {"list", "", list},
    {"max", "| case_sensitive attribute", extreme<true>},
    {"min", "| case_sensitive attribute", extreme<false>},
    {"reverse", "", reverse},
    {"slice", "slices | fill_with", slice},
    {"sort", "| reverse case_sensitive attribute", sort},
    {"sum", "| attribute start", sum},
    {"unique", "| case_sensitive attribute", unique},
};

}  // namespace

std::span<const Builtin> list_filters() {
    return table;
}

}  // namespace linnet::jinja
