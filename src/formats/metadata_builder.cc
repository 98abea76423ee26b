#include <algorithm>

#include "formats/metadata.h"

namespace linnet {
namespace {

template <class T>
void append_raw(std::string& out, T value) {
    out += as_text(std::as_bytes(std::span(&value, 1)));
}

}  // namespace

MetadataBuilder::MetadataBuilder(const Metadata& start) {
    owned_.reserve(start.entries().size());
    for (const auto& [key, value] : start.entries()) set(key, value);
}

Value MetadataBuilder::Owned::value() const {
    if (type != ValueType::Array) return Value(type, as_bytes(bytes));
    return Value(item_type, 8, count, as_bytes(bytes));
}

MetadataBuilder& MetadataBuilder::place(Owned entry) {
    auto at = std::ranges::find(owned_, entry.key, &Owned::key);
    if (at == owned_.end())
        owned_.push_back(std::move(entry));
    else
        *at = std::move(entry);
    return *this;
}

MetadataBuilder& MetadataBuilder::set(std::string_view key, std::string_view value) {
    return place({std::string(key), ValueType::String, {}, 0, std::string(value)});
}

MetadataBuilder& MetadataBuilder::set(std::string_view key, bool value) {
    return place({std::string(key), ValueType::Bool, {}, 0, std::string(1, value ? '\1' : '\0')});
}

MetadataBuilder& MetadataBuilder::set(std::string_view key, const Value& value) {
    Owned entry{std::string(key), value.type(), value.item_type_, value.count_, {}};
    append_payload(value, entry.bytes);
    return place(std::move(entry));
}

MetadataBuilder& MetadataBuilder::set_array(std::string_view key,
                                            std::span<const std::string_view> values) {
    Owned entry{std::string(key), ValueType::Array, ValueType::String, values.size(), {}};
    for (std::string_view value : values) {
        append_raw(entry.bytes, uint64_t{value.size()});
        entry.bytes += value;
    }
    return place(std::move(entry));
}

MetadataBuilder& MetadataBuilder::set_array(std::string_view key,
                                            std::span<const std::string> values) {
    std::vector<std::string_view> views(values.begin(), values.end());
    return set_array(key, std::span<const std::string_view>(views));
}

MetadataBuilder& MetadataBuilder::set_number(std::string_view key, ValueType type, Bytes bytes) {
    return place({std::string(key), type, {}, 0, std::string(as_text(bytes))});
}

MetadataBuilder& MetadataBuilder::set_numbers(std::string_view key, ValueType type, uint64_t count,
                                              Bytes bytes) {
    return place({std::string(key), ValueType::Array, type, count, std::string(as_text(bytes))});
}

MetadataBuilder& MetadataBuilder::erase(std::string_view key) {
    std::erase_if(owned_, [&](const Owned& entry) { return entry.key == key; });
    return *this;
}

std::vector<Metadata::Entry> MetadataBuilder::entries() const& {
    std::vector<Metadata::Entry> out;
    out.reserve(owned_.size());
    for (const Owned& entry : owned_) out.push_back({entry.key, entry.value()});
    return out;
}

std::optional<Value> MetadataBuilder::find(std::string_view key) const& {
    auto at = std::ranges::find(owned_, key, &Owned::key);
    if (at == owned_.end()) return std::nullopt;
    return at->value();
}

// The bytes of a number or text; the items of an array with lengths of 8 bytes, whatever they were
// read with.
void MetadataBuilder::append_payload(const Value& value, std::string& out) {
    auto array = value.as_array();
    if (!array || value_type_bytes(array->type()) > 0) {
        out += as_text(value.bytes_);
        return;
    }
    for (Value item : *array) encode(item, out);
}

void MetadataBuilder::encode(const Value& value, std::string& out) {
    if (auto array = value.as_array()) {
        append_raw(out, static_cast<uint32_t>(array->type()));
        append_raw(out, array->size());
    } else if (value.type() == ValueType::String) {
        append_raw(out, uint64_t{value.bytes_.size()});
    }
    append_payload(value, out);
}

}  // namespace linnet
