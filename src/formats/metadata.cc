#include "formats/metadata.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace linnet {
namespace {

// Deep enough for anything a file could mean by it; ggml itself refuses arrays within arrays.
constexpr int nesting_max = 4;

struct TypeRow {
    std::string_view name;
    uint32_t bytes;
};
// Indexed by ValueType.
constexpr TypeRow types[] = {
    {"uint8", 1},  {"int8", 1},    {"uint16", 2},  {"int16", 2},  {"uint32", 4},
    {"int32", 4},  {"float32", 4}, {"bool", 1},    {"string", 0}, {"array", 0},
    {"uint64", 8}, {"int64", 8},   {"float64", 8},
};

template <class T>
T load(Bytes bytes) {
    check(bytes.size() >= sizeof(T), "a value lies within its bytes");
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

uint64_t load_length(Bytes bytes, uint8_t length_bytes) {
    return length_bytes == 4 ? load<uint32_t>(bytes) : load<uint64_t>(bytes);
}

// Any integer as its 64 bits and whether these are negative.
struct Integer {
    uint64_t bits;
    bool negative;
};
template <class T>
Integer widen(T value) {
    return {static_cast<uint64_t>(static_cast<int64_t>(value)), value < 0};
}
std::optional<Integer> integer(ValueType type, Bytes bytes) {
    switch (type) {
        case ValueType::Uint8:
            return Integer{load<uint8_t>(bytes), false};
        case ValueType::Uint16:
            return Integer{load<uint16_t>(bytes), false};
        case ValueType::Uint32:
            return Integer{load<uint32_t>(bytes), false};
        case ValueType::Uint64:
            return Integer{load<uint64_t>(bytes), false};
        case ValueType::Int8:
            return widen(load<int8_t>(bytes));
        case ValueType::Int16:
            return widen(load<int16_t>(bytes));
        case ValueType::Int32:
            return widen(load<int32_t>(bytes));
        case ValueType::Int64:
            return widen(load<int64_t>(bytes));
        default:
            return std::nullopt;
    }
}

Result<uint64_t> read_length(Reader& reader, uint8_t length_bytes) {
    if (length_bytes == 4) return uint64_t{TRY(reader.read<uint32_t>())};
    return TRY(reader.read<uint64_t>());
}

Result<> check_bools(Bytes bytes) {
    for (std::byte value : bytes)
        if (value > std::byte{1})
            return Error{Code::BadInput,
                         cat("a bool is neither 0 nor 1 but ", std::to_integer<unsigned>(value))};
    return Done{};
}

// Moves past the items of an array.
Result<> skip_items(Reader& reader, ValueType items, uint64_t count, uint8_t length_bytes,
                    int depth) {
    if (uint32_t size = value_type_bytes(items); size > 0) {
        TRY(reader.plausible(count, size));
        Bytes bytes = TRY(reader.take(count * size));
        return items == ValueType::Bool ? check_bools(bytes) : Result<>(Done{});
    }
    uint64_t smallest = items == ValueType::String ? length_bytes : 4 + uint64_t{length_bytes};
    TRY(reader.plausible(count, smallest));
    if (items == ValueType::String) {
        for (uint64_t i = 0; i < count; i++) {
            uint64_t length = TRY(read_length(reader, length_bytes));
            TRY(reader.take(length));
        }
        return Done{};
    }
    if (depth >= nesting_max)
        return Error{Code::BadInput, cat("arrays are nested deeper than ", nesting_max)};
    for (uint64_t i = 0; i < count; i++) {
        auto number = TRY(reader.read<uint32_t>());
        auto inner = value_type_of(number);
        if (!inner) return Error{Code::BadInput, cat("no value type has the number ", number)};
        uint64_t inner_count = TRY(read_length(reader, length_bytes));
        TRY(skip_items(reader, *inner, inner_count, length_bytes, depth + 1));
    }
    return Done{};
}

}  // namespace

std::string_view value_type_name(ValueType type) {
    return types[static_cast<uint32_t>(type)].name;
}

uint32_t value_type_bytes(ValueType type) {
    return types[static_cast<uint32_t>(type)].bytes;
}

std::optional<ValueType> value_type_of(uint32_t number) {
    if (number >= std::size(types)) return std::nullopt;
    return static_cast<ValueType>(number);
}

std::optional<uint64_t> Value::as_uint() const {
    auto value = integer(type_, bytes_);
    if (!value || value->negative) return std::nullopt;
    return value->bits;
}

std::optional<int64_t> Value::as_int() const {
    auto value = integer(type_, bytes_);
    if (!value || (!value->negative && !std::in_range<int64_t>(value->bits))) return std::nullopt;
    return static_cast<int64_t>(value->bits);
}

std::optional<double> Value::as_double() const {
    if (type_ == ValueType::Float32) return static_cast<double>(load<float>(bytes_));
    if (type_ == ValueType::Float64) return load<double>(bytes_);
    constexpr int64_t exact = int64_t{1} << 53;
    auto value = as_int();
    if (!value || *value > exact || *value < -exact) return std::nullopt;
    return static_cast<double>(*value);
}

std::optional<bool> Value::as_bool() const {
    if (type_ != ValueType::Bool) return std::nullopt;
    return load<uint8_t>(bytes_) != 0;
}

std::optional<std::string_view> Value::as_string() const {
    if (type_ != ValueType::String) return std::nullopt;
    return as_text(bytes_);
}

std::optional<Array> Value::as_array() const {
    if (type_ != ValueType::Array) return std::nullopt;
    return Array(*this);
}

Array::Iterator Array::begin() const {
    Iterator at;
    at.type_ = items_.item_type_;
    at.length_bytes_ = items_.length_bytes_;
    at.left_ = items_.count_;
    at.rest_ = items_.bytes_;
    return at;
}

namespace {

// How many bytes the first of the items takes, its length or type and count included.
uint64_t encoded_bytes(ValueType type, uint8_t length_bytes, Bytes rest) {
    if (uint32_t size = value_type_bytes(type); size > 0) return size;
    if (type == ValueType::String) return length_bytes + load_length(rest, length_bytes);
    auto inner = static_cast<ValueType>(load<uint32_t>(rest));
    uint64_t count = load_length(rest.subspan(4), length_bytes);
    uint64_t at = 4 + uint64_t{length_bytes};
    if (uint32_t size = value_type_bytes(inner); size > 0) return at + count * size;
    for (uint64_t i = 0; i < count; i++) at += encoded_bytes(inner, length_bytes, rest.subspan(at));
    return at;
}

}  // namespace

Value Array::Iterator::operator*() const {
    uint64_t size = encoded_bytes(type_, length_bytes_, rest_);
    if (type_ == ValueType::Array) {
        uint64_t header = 4 + uint64_t{length_bytes_};
        return Value(static_cast<ValueType>(load<uint32_t>(rest_)), length_bytes_,
                     load_length(rest_.subspan(4), length_bytes_),
                     rest_.subspan(header, size - header));
    }
    uint64_t header = type_ == ValueType::String ? length_bytes_ : 0;
    return Value(type_, rest_.subspan(header, size - header));
}

Array::Iterator& Array::Iterator::operator++() {
    rest_ = rest_.subspan(encoded_bytes(type_, length_bytes_, rest_));
    left_--;
    return *this;
}

Value Array::operator[](uint64_t i) const {
    uint32_t bytes = value_type_bytes(type());
    check(i < size() && bytes > 0, "an item of fixed size that the array has");
    return Value(type(), items_.bytes_.subspan(i * bytes, bytes));
}

Result<Value> Array::read(Reader& reader, ValueType items, uint64_t count, uint8_t length_bytes) {
    Reader start = reader;
    TRY(skip_items(reader, items, count, length_bytes, 1));
    Bytes bytes = TRY(start.take(reader.offset() - start.offset()));
    return Value(items, length_bytes, count, bytes);
}

Result<Metadata> Metadata::make(std::vector<Entry> entries) {
    Metadata out;
    out.entries_ = std::move(entries);
    out.by_key_.resize(out.entries_.size());
    std::iota(out.by_key_.begin(), out.by_key_.end(), 0u);
    auto key = [&](uint32_t place) { return out.entries_[place].key; };
    std::ranges::sort(out.by_key_, {}, key);
    auto twin = std::ranges::adjacent_find(out.by_key_, {}, key);
    if (twin != out.by_key_.end())
        return Error{Code::BadInput, cat("the key '", printable(key(*twin), 80), "' occurs twice")};
    return out;
}

const Value* Metadata::find(std::string_view key) const {
    auto key_of = [&](uint32_t place) { return entries_[place].key; };
    auto at = std::ranges::lower_bound(by_key_, key, {}, key_of);
    if (at == by_key_.end() || key_of(*at) != key) return nullptr;
    return &entries_[*at].value;
}

std::optional<uint64_t> Metadata::uint_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_uint() : std::nullopt;
}
std::optional<int64_t> Metadata::int_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_int() : std::nullopt;
}
std::optional<double> Metadata::double_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_double() : std::nullopt;
}
std::optional<bool> Metadata::bool_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_bool() : std::nullopt;
}
std::optional<std::string_view> Metadata::string_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_string() : std::nullopt;
}
std::optional<Array> Metadata::array_of(std::string_view key) const {
    const Value* value = find(key);
    return value ? value->as_array() : std::nullopt;
}

}  // namespace linnet
