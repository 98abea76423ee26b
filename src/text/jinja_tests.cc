// What may stand behind "is".
#include "text/jinja_filters.h"
#include "text/jinja_objects.h"

namespace linnet::jinja {
namespace {

using Kind = Value::Kind;

template <bool (*test)(const Value&)>
Result<Value> of_value(Runtime&, const Value& input, const Bound&) {
    return Value(test(input));
}

bool is_defined(const Value& value) {
    return !value.is_undefined();
}
bool is_undefined(const Value& value) {
    return value.is_undefined();
}
bool is_none(const Value& value) {
    return value.is_none();
}
bool is_boolean(const Value& value) {
    return value.is(Kind::Bool);
}
bool is_true(const Value& value) {
    return value.is(Kind::Bool) && value.truthy();
}
bool is_false(const Value& value) {
    return value.is(Kind::Bool) && !value.truthy();
}
bool is_integer(const Value& value) {
    return value.is(Kind::Int);
}
bool is_float(const Value& value) {
    return value.is(Kind::Float);
}
bool is_number(const Value& value) {
    return value.is_number();
}
bool is_string(const Value& value) {
    return value.is_string();
}
bool is_mapping(const Value& value) {
    return value.dict() != nullptr;
}
bool is_escaped(const Value& value) {
    return value.is_string() && value.text()->safe;
}
bool is_callable(const Value& value) {
    // Jinja's undefined has a __call__, which only raises.
    return value.is_undefined() || (value.object() && value.object()->callable());
}
bool is_sequence(const Value& value) {
    if (const Sequence* sequence = value.sequence())
        return sequence->flavor <= Sequence::Flavor::Range;
    return value.is_string() || value.dict() || value.is_undefined();
}
bool is_iterable(const Value& value) {
    return value.sequence() || value.is_string() || value.dict() || value.is_undefined() ||
           dynamic_cast<Loop*>(value.object());
}

template <bool upper>
Result<Value> is_in_case(Runtime& runtime, const Value& input, const Bound&) {
    auto text = TRY(printed(runtime, input));
    TRY(runtime.budget.bytes(8 * text->bytes.size()));
    return Value(is_all_case(text->bytes, upper));
}

Result<bool> divides(Runtime& runtime, const Value& value, const Value& divisor, int64_t rest) {
    Value left = TRY(compute(runtime, Arithmetic::Modulo, value, divisor));
    return equal(runtime, left, Value(rest));
}

Result<Value> is_odd(Runtime& runtime, const Value& input, const Bound&) {
    return Value(TRY(divides(runtime, input, Value(2), 1)));
}
Result<Value> is_even(Runtime& runtime, const Value& input, const Bound&) {
    return Value(TRY(divides(runtime, input, Value(2), 0)));
}
Result<Value> is_divisible_by(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(TRY(divides(runtime, input, *bound[0], 0)));
}

Result<Value> is_equal(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(TRY(equal(runtime, input, *bound[0])));
}
Result<Value> is_not_equal(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(!TRY(equal(runtime, input, *bound[0])));
}
Result<Value> is_less(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(TRY(less(runtime, input, *bound[0], "<")));
}
Result<Value> is_greater(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(TRY(less(runtime, *bound[0], input, ">")));
}
Result<Value> is_at_most(Runtime& runtime, const Value& input, const Bound& bound) {
    bool below = TRY(less(runtime, input, *bound[0], "<="));
    return Value(below || TRY(equal(runtime, input, *bound[0])));
}
Result<Value> is_at_least(Runtime& runtime, const Value& input, const Bound& bound) {
    bool above = TRY(less(runtime, *bound[0], input, ">="));
    return Value(above || TRY(equal(runtime, input, *bound[0])));
}
Result<Value> is_in(Runtime& runtime, const Value& input, const Bound& bound) {
    return Value(TRY(contains(runtime, *bound[0], input)));
}
Result<Value> is_same(Runtime&, const Value& input, const Bound& bound) {
    return Value(input.same_as(*bound[0]));
}
Result<Value> is_filter(Runtime&, const Value& input, const Bound&) {
    return Value(input.is_string() && find_filter(input.text()->bytes) != nullptr);
}
Result<Value> is_test(Runtime&, const Value& input, const Bound&) {
    return Value(input.is_string() && find_test(input.text()->bytes) != nullptr);
}

constexpr Builtin table[] = {
    {"boolean", "", of_value<is_boolean>},
    {"callable", "", of_value<is_callable>},
    {"defined", "", of_value<is_defined>},
    {"divisibleby", "num", is_divisible_by},
    {"eq", "other", is_equal},
    {"equalto", "other", is_equal},
    {"==", "other", is_equal},
    {"escaped", "", of_value<is_escaped>},
    {"even", "", is_even},
    {"false", "", of_value<is_false>},
    {"filter", "", is_filter},
    {"float", "", of_value<is_float>},
    {"ge", "other", is_at_least},
    {">=", "other", is_at_least},
    {"greaterthan", "other", is_greater},
    {"gt", "other", is_greater},
    {">", "other", is_greater},
    {"in", "seq", is_in},
    {"integer", "", of_value<is_integer>},
    {"iterable", "", of_value<is_iterable>},
    {"le", "other", is_at_most},
    {"<=", "other", is_at_most},
    {"lessthan", "other", is_less},
    {"lower", "", is_in_case<false>},
    {"lt", "other", is_less},
    {"<", "other", is_less},
    {"mapping", "", of_value<is_mapping>},
    {"ne", "other", is_not_equal},
    {"!=", "other", is_not_equal},
    {"none", "", of_value<is_none>},
    {"number", "", of_value<is_number>},
    {"odd", "", is_odd},
    {"sameas", "other", is_same},
    {"sequence", "", of_value<is_sequence>},
    {"string", "", of_value<is_string>},
    {"test", "", is_test},
    {"true", "", of_value<is_true>},
    {"undefined", "", of_value<is_undefined>},
    {"upper", "", is_in_case<true>},
};

}  // namespace

std::span<const Builtin> tests() {
    return table;
}

}  // namespace linnet::jinja
