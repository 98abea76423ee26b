// JSON as a value. The parser bounds depth and total values, so a stranger's document costs at most
// a small multiple of its own size. Objects keep the order in which members came; a name that
// occurs twice in one object is an error.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace linnet {

class Json {
  public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;
    enum class Kind { Null, Bool, Int, Uint, Double, String, Array, Object };

    struct Limits {
        size_t depth_max = 64;
        size_t values_max = 50'000'000;
    };

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}
    template <std::signed_integral T>
    Json(T value) : value_(static_cast<int64_t>(value)) {}
    template <std::unsigned_integral T>
        requires(!std::same_as<T, bool>)
    Json(T value) : value_(static_cast<uint64_t>(value)) {}

    static Json object() { return Json(Object{}); }
    static Json object(std::initializer_list<Member> members) { return Json(Object(members)); }
    static Json array() { return Json(Array{}); }

    // Numbers that fit int64 or uint64 stay integers. Duplicate names, NaN and trailing text are
    // errors.
    static Result<Json> parse(std::string_view text, Limits limits);
    static Result<Json> parse(std::string_view text) { return parse(text, Limits{}); }

    Kind kind() const;
    bool is_null() const { return kind() == Kind::Null; }
    bool is_object() const { return kind() == Kind::Object; }
    bool is_array() const { return kind() == Kind::Array; }
    bool is_string() const { return kind() == Kind::String; }
    bool is_bool() const { return kind() == Kind::Bool; }
    bool is_number() const;

    // What a member or element holds if it is of that type; nothing otherwise, never a conversion
    // that loses.
    std::optional<bool> as_bool() const;
    std::optional<int64_t> as_int() const;    // integers in range, and doubles that are whole
    std::optional<uint64_t> as_uint() const;  // the same, not negative
    std::optional<double> as_double() const;  // any number
    const std::string* as_string() const;
    const Array* as_array() const;
    const Object* as_object() const;
    Array* as_array();
    Object* as_object();

    // The member of that name, or null where this is no object or has none.
    const Json* find(std::string_view name) const;
    // find() along a path of names: find("usage", "tokens").
    template <class... Names>
    const Json* find(std::string_view name, Names... rest) const {
        const Json* child = find(name);
        return child ? child->find(rest...) : nullptr;
    }
    std::string string_or(std::string_view name, std::string_view other) const;
    int64_t int_or(std::string_view name, int64_t other) const;
    double double_or(std::string_view name, double other) const;
    bool bool_or(std::string_view name, bool other) const;

    // Sets a member, replacing one of the same name. REQUIRES: this is an object (null becomes
    // one).
    Json& set(std::string_view name, Json value);
    // REQUIRES: this is an array (null becomes one).
    Json& push(Json value);

    // One line, or indented by two for people. Text that is not UTF-8 gets U+FFFD, so the output
    // always parses. Doubles are written shortest-round-trip, infinities and NaN as null.
    std::string dump() const;
    std::string pretty() const;

    bool operator==(const Json& other) const;

  private:
    void write(std::string& out, int indent, int level) const;
    std::variant<std::nullptr_t, bool, int64_t, uint64_t, double, std::string, Array, Object>
        value_ = nullptr;
};

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json();
}

// The text as a JSON string, quotes included.
std::string json_quote(std::string_view text);

}  // namespace linnet
