// What a template computes with: Python's values, immutable, shared, each charged to a budget.
// Only objects (namespaces, loops, macros) change; what they hold is let go when a rendering ends,
// so no cycle keeps memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "text/jinja_budget.h"
#include "text/jinja_unicode.h"

namespace linnet::jinja {

// Lists in lists in lists. Whatever walks a value recurses this deep at most.
inline constexpr int value_depth_max = 100;

struct Text;
struct Sequence;
struct Dict;
struct Object;

class Value {
  public:
    enum class Kind { Undefined, None, Bool, Int, Float, String, Sequence, Dict, Object };
    using Why = std::shared_ptr<const std::string>;

    Value() = default;  // undefined
    static Value none() { return Value(State(std::in_place_index<1>)); }
    static Value undefined(std::string why) {
        return Value(
            State(std::in_place_index<0>, std::make_shared<const std::string>(std::move(why))));
    }
    template <std::same_as<bool> T>  // a pointer is no bool
    Value(T value) : state_(std::in_place_index<2>, value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Value(T value) : state_(std::in_place_index<3>, static_cast<int64_t>(value)) {}
    Value(double value) : state_(std::in_place_index<4>, value) {}
    Value(std::shared_ptr<const Text> value) : state_(std::in_place_index<5>, std::move(value)) {}
    Value(std::shared_ptr<const Sequence> value)
        : state_(std::in_place_index<6>, std::move(value)) {}
    Value(std::shared_ptr<const Dict> value) : state_(std::in_place_index<7>, std::move(value)) {}
    Value(std::shared_ptr<Object> value) : state_(std::in_place_index<8>, std::move(value)) {}

    Kind kind() const { return static_cast<Kind>(state_.index()); }
    bool is(Kind kind_wanted) const { return kind() == kind_wanted; }
    bool is_undefined() const { return is(Kind::Undefined); }
    bool is_none() const { return is(Kind::None); }
    bool is_string() const { return is(Kind::String); }
    bool is_number() const { return is(Kind::Bool) || is(Kind::Int) || is(Kind::Float); }

    // Null where the value is of another kind.
    const Text* text() const;
    const Sequence* sequence() const;
    const Dict* dict() const;
    Object* object() const;
    std::shared_ptr<const Text> shared_text() const { return std::get<5>(state_); }
    std::shared_ptr<const Sequence> shared_sequence() const { return std::get<6>(state_); }
    std::shared_ptr<const Dict> shared_dict() const { return std::get<7>(state_); }

    // Bools count as 0 and 1, as in Python.
    std::optional<int64_t> integer() const;
    std::optional<double> number() const;
    // Why a value is undefined.
    std::string why() const;

    bool truthy() const;
    int depth() const;
    // As Python names the type: "str", "list", "NoneType".
    std::string_view type() const;
    // Python's `is`, as far as a template can tell.
    bool same_as(const Value& other) const;

  private:
    using State = std::variant<Why, std::monostate, bool, int64_t, double,
                               std::shared_ptr<const Text>, std::shared_ptr<const Sequence>,
                               std::shared_ptr<const Dict>, std::shared_ptr<Object>>;
    explicit Value(State state) : state_(std::move(state)) {}
    State state_;
};

struct Text {
    Text(Budget* budget, std::string utf8, bool is_safe)
        : bytes(std::move(utf8)),
          length(count_points(bytes)),
          safe(is_safe),
          charge(budget, sizeof(Text) + bytes.capacity()) {}
    bool ascii() const { return length == bytes.size(); }

    const std::string bytes;  // valid UTF-8
    const size_t length;      // in code points
    const bool safe;          // Markup: what is added to it gets escaped
    const Charge charge;
};

inline constexpr std::string_view group_label = "group";  // has .grouper and .list

struct Sequence {
    enum class Flavor { List, Tuple, Range, Keys, Values, Items, Generator };
    Sequence(Budget* budget, Flavor kind, std::vector<Value> values);

    std::vector<Value> items;
    Flavor flavor;
    int depth = 1;
    mutable size_t taken = 0;  // of a generator: what has been drawn from it
    // Of a range: how it prints between its brackets. Of a tuple: group_label where groupby made
    // it.
    std::string label{};
    Charge charge;
};

struct Dict {
    struct Entry {
        size_t hash;
        Value key;
        Value value;
    };
    explicit Dict(Budget* budget) : charge(budget, sizeof(Dict)) {}

    const Value* find(std::string_view key) const;

    std::vector<Entry> entries;                        // as they came
    std::unordered_multimap<size_t, uint32_t> places;  // by hash, once there are many
    int depth = 1;
    Charge charge;
};

struct Runtime;
struct Call;
class TextBuilder;

// Things with behaviour: namespaces, macros, functions, methods, loops.
struct Object : std::enable_shared_from_this<Object> {
    // `nests` is how deep values nest in what it holds for good.
    explicit Object(Budget* budget, int nests = 0) : depth(nests), charge(budget, 128) {}
    virtual ~Object() = default;
    virtual std::string_view type() const = 0;
    virtual Result<Done> print(TextBuilder& out) const;
    virtual bool callable() const { return false; }
    // The attribute of that name, or nothing where there is none.
    virtual Result<std::optional<Value>> attribute(Runtime&, std::string_view) {
        return std::optional<Value>();
    }
    virtual Result<Value> call(Runtime& runtime, const Call& call);

    const int depth;
    Charge charge;
};

// Strings hash alike as keys of Dict::find and of hash_of().
inline size_t hash_text(std::string_view text) {
    return std::hash<std::string_view>()(text);
}

}  // namespace linnet::jinja
