#include "text/jinja_filters.h"

#include <algorithm>

#include "text/jinja_objects.h"

namespace linnet::jinja {

Result<AttributePath> AttributePath::of(Runtime& runtime, const Value* attribute) {
    AttributePath path;
    if (!attribute || attribute->is_none()) return path;
    const Text* text = attribute->text();
    if (!text) {
        path.parts_.push_back(*attribute);
        return path;
    }
    TRY(runtime.budget.bytes(text->bytes.size()));
    for (std::string_view part : split(text->bytes, '.')) {
        bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
        auto index = digits ? parse_integer<int64_t>(part) : std::nullopt;
        path.parts_.push_back(index ? Value(*index) : runtime.text(part));
    }
    return path;
}

Result<Value> AttributePath::from(Runtime& runtime, Value item, const Value* other) const {
    for (const Value& part : parts_) {
        item = TRY(item_of(runtime, item, part));
        if (other && !other->is_none() && item.is_undefined()) item = *other;
    }
    return item;
}

Value ignore_case(Runtime& runtime, const Value& value) {
    return value.is_string() ? runtime.text(to_lower(value.text()->bytes)) : value;
}

Result<Done> sort_by_key(Runtime& runtime, std::vector<Keyed>& items, bool reverse) {
    // Merges runs of growing width. An item of the right run goes first only if it is less.
    std::vector<Keyed> merged(items.size());
    for (size_t width = 1; width < items.size(); width *= 2) {
        for (size_t begin = 0; begin < items.size(); begin += 2 * width) {
            size_t left = begin, middle = std::min(begin + width, items.size());
            size_t right = middle, end = std::min(begin + 2 * width, items.size());
            for (size_t out = begin; out < end; out++) {
                bool take_right = left == middle;
                if (left < middle && right < end)
                    take_right = reverse ? TRY(less(runtime, items[left].key, items[right].key))
                                         : TRY(less(runtime, items[right].key, items[left].key));
                merged[out] = std::move(items[take_right ? right++ : left++]);
            }
        }
        items.swap(merged);
    }
    return Done{};
}

Result<size_t> length_of(const Value& value) {
    if (const Text* text = value.text()) return text->length;
    if (const Dict* dict = value.dict()) return dict->entries.size();
    if (value.is_undefined()) return size_t{0};
    const Sequence* sequence = value.sequence();
    if (sequence && sequence->flavor != Sequence::Flavor::Generator) return sequence->items.size();
    if (auto* loop = dynamic_cast<Loop*>(value.object())) return loop->length;
    return type_error(cat("object of type '", value.type(), "' has no len()"));
}

}  // namespace linnet::jinja
