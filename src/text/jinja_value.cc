#include "text/jinja_value.h"

#include <algorithm>

#include "text/jinja_runtime.h"

namespace linnet::jinja {

const Text* Value::text() const {
    auto* held = std::get_if<5>(&state_);
    return held ? held->get() : nullptr;
}

const Sequence* Value::sequence() const {
    auto* held = std::get_if<6>(&state_);
    return held ? held->get() : nullptr;
}

const Dict* Value::dict() const {
    auto* held = std::get_if<7>(&state_);
    return held ? held->get() : nullptr;
}

Object* Value::object() const {
    auto* held = std::get_if<8>(&state_);
    return held ? held->get() : nullptr;
}

std::optional<int64_t> Value::integer() const {
    if (auto* held = std::get_if<int64_t>(&state_)) return *held;
    if (auto* held = std::get_if<bool>(&state_)) return *held ? 1 : 0;
    return std::nullopt;
}

std::optional<double> Value::number() const {
    if (auto* held = std::get_if<double>(&state_)) return *held;
    if (auto held = integer()) return static_cast<double>(*held);
    return std::nullopt;
}

std::string Value::why() const {
    auto* held = std::get_if<Why>(&state_);
    return held && *held ? **held : "the value is undefined";
}

bool Value::truthy() const {
    switch (kind()) {
        case Kind::Undefined:
        case Kind::None:
            return false;
        case Kind::Bool:
        case Kind::Int:
            return *integer() != 0;
        case Kind::Float:
            return std::get<double>(state_) != 0;
        case Kind::String:
            return !text()->bytes.empty();
        case Kind::Sequence:
            return sequence()->flavor == Sequence::Flavor::Generator || !sequence()->items.empty();
        case Kind::Dict:
            return !dict()->entries.empty();
        case Kind::Object:
            return true;
    }
    return false;
}

int Value::depth() const {
    if (auto* held = sequence()) return held->depth;
    if (auto* held = dict()) return held->depth;
    if (auto* held = object()) return held->depth;
    return 0;
}

std::string_view Value::type() const {
    static constexpr std::string_view sequences[] = {
        "list", "tuple", "range", "dict_keys", "dict_values", "dict_items", "generator"};
    switch (kind()) {
        case Kind::Undefined:
            return "Undefined";
        case Kind::None:
            return "NoneType";
        case Kind::Bool:
            return "bool";
        case Kind::Int:
            return "int";
        case Kind::Float:
            return "float";
        case Kind::String:
            return text()->safe ? "Markup" : "str";
        case Kind::Sequence:
            return sequences[static_cast<size_t>(sequence()->flavor)];
        case Kind::Dict:
            return "dict";
        case Kind::Object:
            return object()->type();
    }
    return "?";
}

bool Value::same_as(const Value& other) const {
    if (state_.index() != other.state_.index()) return false;
    if (is_undefined()) return true;
    if (is_string()) return text() == other.text() || text()->bytes == other.text()->bytes;
    return state_ == other.state_;
}

Sequence::Sequence(Budget* budget, Flavor kind, std::vector<Value> values)
    : items(std::move(values)),
      flavor(kind),
      charge(budget, sizeof(Sequence) + items.capacity() * sizeof(Value)) {
    for (const Value& item : items) depth = std::max(depth, item.depth() + 1);
}

const Value* Dict::find(std::string_view key) const {
    size_t hash = hash_text(key);
    auto matches = [&](const Entry& entry) {
        const Text* held = entry.key.text();
        return entry.hash == hash && held && held->bytes == key;
    };
    if (places.empty()) {
        for (const Entry& entry : entries)
            if (matches(entry)) return &entry.value;
        return nullptr;
    }
    auto [at, end] = places.equal_range(hash);
    for (; at != end; ++at)
        if (const Entry& entry = entries[at->second]; matches(entry)) return &entry.value;
    return nullptr;
}

Result<Done> Object::print(TextBuilder& out) const {
    return out.add(cat("<", type(), ">"));
}

Result<Value> Object::call(Runtime&, const Call&) {
    return Error{Code::BadInput, cat("'", type(), "' object is not callable")};
}

}  // namespace linnet::jinja
