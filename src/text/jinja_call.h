// Built-ins as rows of tables, and their arguments bound to the names of their parameters.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "text/jinja_runtime.h"

namespace linnet::jinja {

// What a built-in was called with. Absent parameters are null.
class Bound {
  public:
    static constexpr size_t parameters_max = 6;
    explicit Bound(const Call& all) : call(all) {}

    const Value* operator[](size_t i) const { return held_[i]; }
    bool has(size_t i) const { return held_[i] != nullptr; }
    bool truthy(size_t i, bool other) const { return has(i) ? held_[i]->truthy() : other; }
    Result<int64_t> integer(size_t i, int64_t other) const;
    // The text of a string argument. Lives as long as the call.
    Result<std::string_view> string(size_t i, std::string_view other) const;

    const Call& call;  // of variadic built-ins: everything

  private:
    friend Result<Bound> bind(std::string_view name, std::string_view parameters, const Call& call);
    std::array<const Value*, parameters_max> held_{};
};

// Parameters are names with spaces between: first those that must be given, then "|" and those
// that may be; "*" alone takes anything. Names in brackets cannot be given by name.
// "old new | count" fits replace('a', 'b', count=1).
Result<Bound> bind(std::string_view name, std::string_view parameters, const Call& call);

// Filters, tests, functions and methods alike: `input` is what stands before the bar or the dot.
struct Builtin {
    std::string_view name;
    std::string_view parameters;
    Result<Value> (*run)(Runtime& runtime, const Value& input, const Bound& arguments);
};

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);
Result<Value> run_builtin(Runtime& runtime, const Builtin& builtin, const Value& input,
                          const Call& call);

// One table for each file that holds built-ins.
std::span<const Builtin> text_filters();
std::span<const Builtin> list_filters();
std::span<const Builtin> select_filters();
std::span<const Builtin> number_filters();
std::span<const Builtin> json_filters();
std::span<const Builtin> tests();
std::span<const Builtin> functions();
std::span<const Builtin> string_methods();
std::span<const Builtin> string_test_methods();
std::span<const Builtin> sequence_methods();
std::span<const Builtin> dict_methods();

const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);
// A built-in as a value that can be called; `self` is what a method was taken from.
Value callable_value(Runtime& runtime, const Builtin& builtin, Value self);

}  // namespace linnet::jinja
