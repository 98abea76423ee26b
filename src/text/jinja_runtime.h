// What every built-in of the language gets: the budget, the makers of values, and the few
// operations that all of them share.
#pragma once

#include <functional>
#include <span>

#include "text/jinja_value.h"

namespace linnet::jinja {

// The arguments of a call. Names occur once.
struct Call {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
};

struct Now {
    int64_t unix_s = 0;
    int utc_offset_s = 0;
};

struct Runtime {
    Budget budget;
    Now now;

    Value text(std::string utf8, bool safe = false);
    Value text(std::string_view utf8) { return text(std::string(utf8)); }
    Value text(const char* utf8) { return text(std::string(utf8)); }
    Value list(std::vector<Value> items, Sequence::Flavor flavor = Sequence::Flavor::List);
    Value tuple(std::vector<Value> items) {
        return list(std::move(items), Sequence::Flavor::Tuple);
    }
    template <class T, class... Arguments>
    std::shared_ptr<T> object(Arguments&&... arguments) {
        auto made = std::make_shared<T>(&budget, std::forward<Arguments>(arguments)...);
        if (made->depth > value_depth_max) budget.too_deep();
        return made;
    }

    // Objects that may end up holding themselves are emptied when the rendering ends.
    void forget_at_end(std::function<void()> forget) {
        budget.charge(2 * sizeof forget);
        forget_.push_back(std::move(forget));
    }
    ~Runtime() {
        for (auto& forget : forget_) forget();
    }

    Runtime(size_t steps_max, size_t memory_max, Now time)
        : budget(steps_max, memory_max), now(time) {}
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

  private:
    std::vector<std::function<void()>> forget_;
};

// Grows a text and pays for it while it grows.
class TextBuilder {
  public:
    explicit TextBuilder(Runtime& runtime) : runtime_(runtime), charge_(&runtime.budget, 0) {}
    Result<Done> add(std::string_view piece) {
        TRY(runtime_.budget.bytes(piece.size()));
        TRY(runtime_.budget.room(piece.size()));
        charge_.grow(piece.size());
        text_ += piece;
        return Done{};
    }
    Result<Done> add(std::string_view piece, size_t times);
    const std::string& text() const { return text_; }
    std::string take() { return std::move(text_); }
    int objects_open = 0;  // namespaces inside namespaces that are being printed
    Value value(bool safe = false) { return runtime_.text(std::move(text_), safe); }

  private:
    Runtime& runtime_;
    std::string text_;
    Charge charge_;
};

Result<const Value*> find_key(Runtime& runtime, const Dict& dict, const Value& key);

class DictBuilder {
  public:
    explicit DictBuilder(Runtime& runtime);
    Result<Done> set(Value key, Value value);
    Result<Done> set(std::string_view key, Value value) {
        return set(runtime_.text(key), std::move(value));
    }
    Result<bool> has(const Value& key) const {
        return TRY(find_key(runtime_, *dict_, key)) != nullptr;
    }
    Value value();

  private:
    Runtime& runtime_;
    std::shared_ptr<Dict> dict_;
};

// One walk over what can be walked: a sequence, the characters of a text, the keys of a dict.
class Iteration {
  public:
    static Result<Iteration> over(const Value& value);  // an error for what cannot be iterated
    size_t left() const { return left_; }
    int depth() const { return held_.depth(); }
    std::optional<Value> next(Runtime& runtime);

  private:
    Value held_;
    size_t at_ = 0;  // an index, or the byte in a text
    size_t left_ = 0;
};
Result<std::vector<Value>> to_vector(Runtime& runtime, const Value& value);

// Python's ==, hash and `in`.
Result<bool> equal(Runtime& runtime, const Value& a, const Value& b);
Result<size_t> hash_of(Runtime& runtime, const Value& value);
Result<bool> contains(Runtime& runtime, const Value& container, const Value& item);
// Python's a < b; `sign` stands in the error for values that have no order.
Result<bool> less(Runtime& runtime, const Value& a, const Value& b, std::string_view sign = "<");

// str(value) and repr(value).
Result<Done> print(TextBuilder& out, const Value& value);
Result<Done> print_quoted(TextBuilder& out, const Value& value);
// The value's own text where it is a string already.
Result<std::shared_ptr<const Text>> printed(Runtime& runtime, const Value& value);
std::string print_float(double value);
std::string quote(std::string_view text);

// value.name and value[key], as the sandbox resolves them.
Result<Value> attribute_of(Runtime& runtime, const Value& value, std::string_view name);
Result<Value> item_of(Runtime& runtime, const Value& value, const Value& key);
struct SliceBounds {
    std::optional<int64_t> start, stop, step;
};
Result<Value> slice_of(Runtime& runtime, const Value& value, const SliceBounds& bounds);

enum class Arithmetic { Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power };
Result<Value> compute(Runtime& runtime, Arithmetic op, const Value& a, const Value& b);

Result<Value> call_value(Runtime& runtime, const Value& callee, const Call& call);

inline Error type_error(std::string what) {
    return Error{Code::BadInput, std::move(what)};
}

}  // namespace linnet::jinja
