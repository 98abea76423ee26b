// Python's equality, order, hashing and membership.
#include <algorithm>
#include <compare>
#include <limits>

#include "text/jinja_runtime.h"

namespace linnet::jinja {
namespace {

using Kind = Value::Kind;
using Flavor = Sequence::Flavor;

// Compares numbers exactly, also an int64 with a double. Nothing for a NaN.
std::partial_ordering compare_numbers(const Value& a, const Value& b) {
    auto int_a = a.integer(), int_b = b.integer();
    if (int_a && int_b) return *int_a <=> *int_b;
    // 64 bits of mantissa or more on every machine this is built for.
    static_assert(std::numeric_limits<long double>::digits >= 64);
    auto wide = [](const Value& value, std::optional<int64_t> integer) {
        return integer ? static_cast<long double>(*integer)
                       : static_cast<long double>(*value.number());
    };
    return wide(a, int_a) <=> wide(b, int_b);
}

// Flavors that compare by what is in them; the others only equal themselves.
bool same_family(Flavor a, Flavor b) {
    return a == b && a != Flavor::Generator && a != Flavor::Values;
}

Result<bool> equal_sequences(Runtime& runtime, const Sequence& a, const Sequence& b) {
    if (&a == &b) return true;
    if (!same_family(a.flavor, b.flavor) || a.items.size() != b.items.size()) return false;
    for (size_t i = 0; i < a.items.size(); i++)
        if (!TRY(equal(runtime, a.items[i], b.items[i]))) return false;
    return true;
}

Result<bool> equal_dicts(Runtime& runtime, const Dict& a, const Dict& b) {
    if (a.entries.size() != b.entries.size()) return false;
    for (const Dict::Entry& entry : a.entries) {
        const Value* other = TRY(find_key(runtime, b, entry.key));
        if (!other || !TRY(equal(runtime, entry.value, *other))) return false;
    }
    return true;
}

}  // namespace

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b) {
    TRY(runtime.budget.step());
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Kind::String:
            TRY(runtime.budget.bytes(std::min(a.text()->bytes.size(), b.text()->bytes.size())));
            return a.text()->bytes == b.text()->bytes;
        case Kind::Sequence:
            return equal_sequences(runtime, *a.sequence(), *b.sequence());
        case Kind::Dict:
            return equal_dicts(runtime, *a.dict(), *b.dict());
        case Kind::Object:
            return a.object() == b.object();
        default:
            return true;  // undefined, none
    }
}

Result<bool> less(Runtime& runtime, const Value& a, const Value& b, std::string_view sign) {
    TRY(runtime.budget.step());
    for (const Value* value : {&a, &b})
        if (value->is_undefined()) return type_error(value->why());
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) < 0;
    if (a.is_string() && b.is_string()) {
        TRY(runtime.budget.bytes(std::min(a.text()->bytes.size(), b.text()->bytes.size())));
        return a.text()->bytes < b.text()->bytes;  // UTF-8 sorts as its code points do
    }
    const Sequence *left = a.sequence(), *right = b.sequence();
    bool ordered = left && right && left->flavor == right->flavor &&
                   (left->flavor == Flavor::List || left->flavor == Flavor::Tuple);
    if (!ordered)
        return type_error(cat("'", sign, "' not supported between instances of '", a.type(),
                              "' and '", b.type(), "'"));
    for (size_t i = 0; i < std::min(left->items.size(), right->items.size()); i++)
        if (!TRY(equal(runtime, left->items[i], right->items[i])))
            return less(runtime, left->items[i], right->items[i], sign);
    return left->items.size() < right->items.size();
}

Result<size_t> hash_of(Runtime& runtime, const Value& value) {
    TRY(runtime.budget.step());
    switch (value.kind()) {
        case Kind::Undefined:
            return size_t{1};
        case Kind::None:
            return size_t{2};
        case Kind::Bool:
        case Kind::Int:
            return std::hash<double>()(static_cast<double>(*value.integer()));
        case Kind::Float:
            return std::hash<double>()(*value.number());
        case Kind::String:
            TRY(runtime.budget.bytes(value.text()->bytes.size()));
            return hash_text(value.text()->bytes);
        case Kind::Object:
            return std::hash<const void*>()(value.object());
        case Kind::Sequence:
            if (value.sequence()->flavor == Flavor::Tuple ||
                value.sequence()->flavor == Flavor::Range) {
                size_t hash = 3;
                for (const Value& item : value.sequence()->items)
                    hash = hash * 1000003 ^ TRY(hash_of(runtime, item));
                return hash;
            }
            [[fallthrough]];
        case Kind::Dict:
            return type_error(cat("unhashable type: '", value.type(), "'"));
    }
    return size_t{0};
}

Result<const Value*> find_key(Runtime& runtime, const Dict& dict, const Value& key) {
    size_t hash = TRY(hash_of(runtime, key));
    if (const Text* text = key.text()) return dict.find(text->bytes);
    if (dict.places.empty()) {
        for (const Dict::Entry& entry : dict.entries)
            if (entry.hash == hash && TRY(equal(runtime, entry.key, key))) return &entry.value;
        return nullptr;
    }
    auto [at, end] = dict.places.equal_range(hash);
    for (; at != end; ++at) {
        const Dict::Entry& entry = dict.entries[at->second];
        if (TRY(equal(runtime, entry.key, key))) return &entry.value;
    }
    return nullptr;
}

Result<bool> contains(Runtime& runtime, const Value& container, const Value& item) {
    if (const Text* text = container.text()) {
        if (!item.is_string())
            return type_error(
                cat("'in <string>' requires string as left operand, not ", item.type()));
        TRY(runtime.budget.bytes(text->bytes.size()));
        return find_text(text->bytes, item.text()->bytes) != std::string::npos;
    }
    if (const Dict* dict = container.dict()) return TRY(find_key(runtime, *dict, item)) != nullptr;
    if (!container.sequence() && !container.is_undefined())
        return type_error(cat("argument of type '", container.type(), "' is not iterable"));
    Iteration walk = TRY(Iteration::over(container));
    while (auto held = walk.next(runtime))
        if (TRY(equal(runtime, *held, item))) return true;
    return false;
}

}  // namespace linnet::jinja
