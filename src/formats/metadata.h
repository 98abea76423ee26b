// The typed key/values of a model file, read where they lie: an array of a million strings costs
// no memory but the file's own pages. Everything here was validated when the file was opened, and
// stays valid as long as the Checkpoint (or MetadataBuilder) that it came from.
#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace linnet {

// The numbers are GGUF's own.
enum class ValueType : uint32_t {
    Uint8 = 0,
    Int8 = 1,
    Uint16 = 2,
    Int16 = 3,
    Uint32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    Uint64 = 10,
    Int64 = 11,
    Float64 = 12,
};
std::string_view value_type_name(ValueType type);  // "uint32"
// Bytes of one value; 0 for strings and arrays, whose length varies.
uint32_t value_type_bytes(ValueType type);
std::optional<ValueType> value_type_of(uint32_t number);

class Array;

class Value {
  public:
    ValueType type() const { return type_; }

    // What it holds if that can be said without loss; nothing otherwise.
    std::optional<uint64_t> as_uint() const;  // any integer type, not negative
    std::optional<int64_t> as_int() const;    // any integer type, in range
    std::optional<double> as_double() const;  // floats, and integers up to 2^53
    std::optional<bool> as_bool() const;      // bools only
    // Bytes as they stand in the file: printable() before they reach a terminal.
    std::optional<std::string_view> as_string() const;
    std::optional<Array> as_array() const;

    // REQUIRES: `bytes` is one value of a type of fixed size, or the text of a string.
    Value(ValueType type, Bytes bytes) : type_(type), bytes_(bytes) {}

  private:
    friend class Array;
    friend class MetadataBuilder;
    Value(ValueType items, uint8_t length_bytes, uint64_t count, Bytes bytes)
        : type_(ValueType::Array),
          item_type_(items),
          length_bytes_(length_bytes),
          count_(count),
          bytes_(bytes) {}

    ValueType type_;
    ValueType item_type_ = ValueType::Uint8;
    uint8_t length_bytes_ = 8;  // of the lengths within an array: 4 in GGUF version 1
    uint64_t count_ = 0;        // items of an array
    Bytes bytes_;               // the number, the text, or the items one after the other
};

// Items of one type, in file order. Numbers can be reached by index, strings only one after the
// other.
class Array {
  public:
    ValueType type() const { return items_.item_type_; }  // of the items
    uint64_t size() const { return items_.count_; }

    class Iterator {
      public:
        using value_type = Value;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Value operator*() const;
        Iterator& operator++();
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return left_ == 0; }

      private:
        friend class Array;
        ValueType type_ = ValueType::Uint8;
        uint8_t length_bytes_ = 8;
        uint64_t left_ = 0;
        Bytes rest_;
    };
    Iterator begin() const;
    std::default_sentinel_t end() const { return {}; }

    // Item `i` of an array of numbers or bools. REQUIRES: i < size(), and items of fixed size.
    Value operator[](uint64_t i) const;

    // All items as T (integers, double, bool, std::string_view), or nothing where one does not
    // convert without loss.
    template <class T>
    std::optional<std::vector<T>> to() const;

    // Validates the encoded items of an array at the reader's place and moves past them. A string
    // is its length, then its bytes; a nested array its type, count and items.
    static Result<Value> read(Reader& reader, ValueType items, uint64_t count,
                              uint8_t length_bytes = 8);

  private:
    friend class Value;
    explicit Array(const Value& items) : items_(items) {}
    Value items_;
};

// Keys and values in file order.
class Metadata {
  public:
    struct Entry {
        std::string_view key;
        Value value;
    };

    Metadata() = default;
    // Refuses a key that comes twice.
    static Result<Metadata> make(std::vector<Entry> entries);

    std::span<const Entry> entries() const { return entries_; }
    const Value* find(std::string_view key) const;

    // The value of a key if it is there and of that kind.
    std::optional<uint64_t> uint_of(std::string_view key) const;
    std::optional<int64_t> int_of(std::string_view key) const;
    std::optional<double> double_of(std::string_view key) const;
    std::optional<bool> bool_of(std::string_view key) const;
    std::optional<std::string_view> string_of(std::string_view key) const;
    std::optional<Array> array_of(std::string_view key) const;

  private:
    std::vector<Entry> entries_;
    std::vector<uint32_t> by_key_;  // places in entries_, sorted by key
};

// Metadata in the making, for a writer. Owns copies of what it is given.
class MetadataBuilder {
  public:
    MetadataBuilder() = default;
    explicit MetadataBuilder(const Metadata& start);

    // Replaces the value of a key in its place, or adds the key at the end.
    MetadataBuilder& set(std::string_view key, std::string_view value);
    MetadataBuilder& set(std::string_view key, const char* value) {
        return set(key, std::string_view(value));
    }
    MetadataBuilder& set(std::string_view key, bool value);
    template <class T>
        requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)
    MetadataBuilder& set(std::string_view key, T value) {
        return set_number(key, type_for<T>(), std::as_bytes(std::span(&value, 1)));
    }
    MetadataBuilder& set(std::string_view key, const Value& value);
    MetadataBuilder& set_array(std::string_view key, std::span<const std::string> values);
    MetadataBuilder& set_array(std::string_view key, std::span<const std::string_view> values);
    template <class T>
        requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)
    MetadataBuilder& set_array(std::string_view key, std::span<const T> values) {
        return set_numbers(key, type_for<T>(), values.size(), std::as_bytes(values));
    }
    MetadataBuilder& erase(std::string_view key);

    // The entries so far; valid until the builder changes or goes.
    std::vector<Metadata::Entry> entries() const&;
    std::optional<Value> find(std::string_view key) const&;
    std::vector<Metadata::Entry> entries() && = delete;
    std::optional<Value> find(std::string_view key) && = delete;

    // A value as GGUF has it from version 2 on: a string behind its length, the items of an array
    // behind their type and count, lengths of 8 bytes.
    static void encode(const Value& value, std::string& out);

  private:
    struct Owned {
        std::string key;
        ValueType type;
        ValueType item_type;
        uint64_t count;
        std::string bytes;
        Value value() const;
    };
    template <class T>
    static constexpr ValueType type_for() {
        if constexpr (std::same_as<T, float>) return ValueType::Float32;
        if constexpr (std::same_as<T, double>) return ValueType::Float64;
        constexpr bool is_signed = std::signed_integral<T>;
        switch (sizeof(T)) {
            case 1:
                return is_signed ? ValueType::Int8 : ValueType::Uint8;
            case 2:
                return is_signed ? ValueType::Int16 : ValueType::Uint16;
            case 4:
                return is_signed ? ValueType::Int32 : ValueType::Uint32;
            default:
                return is_signed ? ValueType::Int64 : ValueType::Uint64;
        }
    }
    MetadataBuilder& set_number(std::string_view key, ValueType type, Bytes bytes);
    MetadataBuilder& set_numbers(std::string_view key, ValueType type, uint64_t count, Bytes bytes);
    MetadataBuilder& place(Owned entry);
    static void append_payload(const Value& value, std::string& out);
    std::vector<Owned> owned_;
};

template <class T>
std::optional<std::vector<T>> Array::to() const {
    std::vector<T> out;
    out.reserve(size());
    for (Value item : *this) {
        std::optional<T> converted;
        if constexpr (std::same_as<T, bool>) {
            converted = item.as_bool();
        } else if constexpr (std::same_as<T, double>) {
            converted = item.as_double();
        } else if constexpr (std::same_as<T, std::string_view>) {
            converted = item.as_string();
        } else if constexpr (std::same_as<T, float>) {
            auto wide = item.as_double();
            if (wide && static_cast<double>(static_cast<float>(*wide)) == *wide)
                converted = static_cast<float>(*wide);
        } else if constexpr (std::signed_integral<T>) {
            auto wide = item.as_int();
            if (wide && std::in_range<T>(*wide)) converted = static_cast<T>(*wide);
        } else {
            auto wide = item.as_uint();
            if (wide && std::in_range<T>(*wide)) converted = static_cast<T>(*wide);
        }
        if (!converted) return std::nullopt;
        out.push_back(*converted);
    }
    return out;
}

}  // namespace linnet
