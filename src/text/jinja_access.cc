// value.name, value[key] and value[a:b]. As in Python's sandbox a name finds methods before keys,
// a key finds items before methods, and what would change a list or dict cannot be reached.
#include <algorithm>
#include <array>

#include "text/jinja_call.h"

namespace linnet::jinja {
namespace {

using Kind = Value::Kind;
using Flavor = Sequence::Flavor;

constexpr std::string_view list_changers[] = {"append", "clear",  "extend",  "insert",
                                              "pop",    "remove", "reverse", "sort"};
constexpr std::string_view dict_changers[] = {"clear", "pop", "popitem", "setdefault", "update"};

bool changes(const Value& value, std::string_view name) {
    auto among = [&](std::span<const std::string_view> names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (value.dict()) return among(dict_changers);
    const Sequence* sequence = value.sequence();
    return sequence && sequence->flavor == Flavor::List && among(list_changers);
}

Value unsafe(const Value& value, std::string_view name) {
    return Value::undefined(cat("access to attribute '", printable(name, 80), "' of '",
                                value.type(), "' object is unsafe"));
}

const Builtin* find_method(const Value& value, std::string_view name) {
    if (value.is_string()) {
        const Builtin* found = find_builtin(string_methods(), name);
        return found ? found : find_builtin(string_test_methods(), name);
    }
    if (value.dict()) return find_builtin(dict_methods(), name);
    const Sequence* sequence = value.sequence();
    if (!sequence || sequence->flavor > Flavor::Range) return nullptr;
    // Only lists are copied by a method.
    if (name == "copy" && sequence->flavor != Flavor::List) return nullptr;
    return find_builtin(sequence_methods(), name);
}

// What Python's getattr finds: a method, an object's attribute, or something out of bounds.
Result<std::optional<Value>> python_attribute(Runtime& runtime, const Value& value,
                                              std::string_view name) {
    if (Object* object = value.object()) return object->attribute(runtime, name);
    bool internal = name.size() > 4 && name.starts_with("__") && name.ends_with("__");
    if (internal || changes(value, name)) return std::optional<Value>(unsafe(value, name));
    const Sequence* group = value.sequence();
    if (group && group->label == group_label && (name == "grouper" || name == "list"))
        return std::optional<Value>(group->items[name == "list"]);
    if (const Builtin* method = find_method(value, name))
        return std::optional<Value>(callable_value(runtime, *method, value));
    return std::optional<Value>();
}

std::string described(const Value& value) {
    return value.is_none() ? "None" : cat(value.type(), " object");
}

Value missing(const Value& value, const Value& key) {
    if (const Text* name = key.text())
        return Value::undefined(
            cat("'", described(value), "' has no attribute '", printable(name->bytes, 80), "'"));
    auto index = key.integer();
    return Value::undefined(
        cat(described(value), " has no element ", index ? cat(*index) : std::string(key.type())));
}

// The place of a Python index, which counts from the end where negative.
std::optional<size_t> place(int64_t index, size_t size) {
    auto length = static_cast<int64_t>(size);
    if (index < 0) index += length;
    if (index < 0 || index >= length) return std::nullopt;
    return static_cast<size_t>(index);
}

bool indexable(const Sequence& sequence) {
    return sequence.flavor <= Flavor::Range;
}

// The item, or nothing where Python raises LookupError or TypeError.
Result<std::optional<Value>> python_item(Runtime& runtime, const Value& value, const Value& key) {
    if (const Dict* dict = value.dict()) {
        bool hashable = !key.dict() && !(key.sequence() && key.sequence()->flavor != Flavor::Tuple);
        const Value* found = hashable ? TRY(find_key(runtime, *dict, key)) : nullptr;
        return found ? std::optional<Value>(*found) : std::nullopt;
    }
    auto index = key.integer();
    if (!index) return std::optional<Value>();
    if (const Text* text = value.text()) {
        auto at = place(*index, text->length);
        if (!at) return std::optional<Value>();
        size_t begin = text->ascii() ? *at : offset_of_point(text->bytes, *at);
        TRY(runtime.budget.bytes(text->ascii() ? 1 : begin));
        size_t end = begin;
        next_point(text->bytes, end);
        return std::optional<Value>(
            runtime.text(text->bytes.substr(begin, end - begin), text->safe));
    }
    const Sequence* sequence = value.sequence();
    if (!sequence || !indexable(*sequence)) return std::optional<Value>();
    auto at = place(*index, sequence->items.size());
    return at ? std::optional<Value>(sequence->items[*at]) : std::nullopt;
}

// Where a slice begins, how many it takes and how far apart; as PySlice_AdjustIndices does.
struct Walk {
    int64_t start, count, step;
};
Walk adjusted(const SliceBounds& bounds, int64_t length) {
    int64_t step = bounds.step.value_or(1);
    auto clamp = [&](int64_t index) {
        if (index < 0) index = index + length < 0 ? (step < 0 ? -1 : 0) : index + length;
        if (index >= length) index = step < 0 ? length - 1 : length;
        return index;
    };
    int64_t start = bounds.start ? clamp(*bounds.start) : step < 0 ? length - 1 : 0;
    int64_t stop = bounds.stop ? clamp(*bounds.stop) : step < 0 ? -1 : length;
    int64_t count = 0;
    if (step < 0 && stop < start) count = (start - stop - 1) / -step + 1;
    if (step > 0 && start < stop) count = (stop - start - 1) / step + 1;
    return {start, count, step};
}

std::string slice_text(const Text& text, const Walk& walk) {
    std::string out;
    if (walk.step == 1) {
        auto start = static_cast<size_t>(walk.start), count = static_cast<size_t>(walk.count);
        if (text.ascii()) return text.bytes.substr(start, count);
        std::string_view rest =
            std::string_view(text.bytes).substr(offset_of_point(text.bytes, start));
        return std::string(rest.substr(0, offset_of_point(rest, count)));
    }
    std::vector<size_t> starts;  // of every point, and the end
    for (size_t at = 0; at < text.bytes.size(); next_point(text.bytes, at)) starts.push_back(at);
    starts.push_back(text.bytes.size());
    for (int64_t i = 0; i < walk.count; i++) {
        auto at = static_cast<size_t>(walk.start + i * walk.step);
        out.append(text.bytes, starts[at], starts[at + 1] - starts[at]);
    }
    return out;
}

std::string range_label(const Sequence& range, const Walk& walk) {
    const std::vector<Value>& items = range.items;
    int64_t first = items.empty() ? 0 : *items[0].integer();
    int64_t step = items.size() < 2 ? 1 : *items[1].integer() - first;
    auto item = [&](int64_t i) { return first + i * step; };
    int64_t stop = walk.start + walk.count * walk.step;
    std::string end = walk.step * step == 1 ? "" : cat(", ", walk.step * step);
    return cat(item(walk.start), ", ", item(stop), end);
}

}  // namespace

Result<Value> attribute_of(Runtime& runtime, const Value& value, std::string_view name) {
    if (value.is_undefined()) return type_error(value.why());
    if (auto found = TRY(python_attribute(runtime, value, name))) return std::move(*found);
    if (const Dict* dict = value.dict())
        if (const Value* found = dict->find(name)) return *found;
    return missing(value, runtime.text(name));
}

Result<Value> item_of(Runtime& runtime, const Value& value, const Value& key) {
    if (value.is_undefined()) return type_error(value.why());
    if (auto found = TRY(python_item(runtime, value, key))) return std::move(*found);
    if (const Text* name = key.text())
        if (auto found = TRY(python_attribute(runtime, value, name->bytes)))
            return std::move(*found);
    return missing(value, key);
}

Result<Value> slice_of(Runtime& runtime, const Value& value, const SliceBounds& bounds) {
    if (value.is_undefined()) return type_error(value.why());
    const Sequence* sequence = value.sequence();
    if (!value.is_string() && !(sequence && indexable(*sequence)))
        return Value::undefined(cat(described(value), " cannot be sliced"));
    if (bounds.step == 0) return type_error("slice step cannot be zero");
    if (bounds.step && *bounds.step < -INT64_MAX) return type_error("slice step is out of range");
    if (const Text* text = value.text()) {
        TRY(runtime.budget.bytes(8 * text->bytes.size()));
        return runtime.text(slice_text(*text, adjusted(bounds, static_cast<int64_t>(text->length))),
                            text->safe);
    }
    Walk walk = adjusted(bounds, static_cast<int64_t>(sequence->items.size()));
    TRY(runtime.budget.step(static_cast<size_t>(walk.count)));
    std::vector<Value> items;
    items.reserve(static_cast<size_t>(walk.count));
    for (int64_t i = 0; i < walk.count; i++)
        items.push_back(sequence->items[static_cast<size_t>(walk.start + i * walk.step)]);
    if (sequence->flavor != Flavor::Range) return runtime.list(std::move(items), sequence->flavor);
    auto part = std::make_shared<Sequence>(&runtime.budget, Flavor::Range, std::move(items));
    part->label = range_label(*sequence, walk);
    return Value(std::shared_ptr<const Sequence>(std::move(part)));
}

}  // namespace linnet::jinja
