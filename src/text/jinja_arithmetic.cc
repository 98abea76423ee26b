// Python's + - * / // % ** on numbers, texts and lists. Integers have 64 bits: what would leave
// them is an error, not a wrong number.
#include <algorithm>
#include <cmath>

#include "text/jinja_format.h"
#include "text/jinja_runtime.h"

namespace linnet::jinja {
namespace {

using Flavor = Sequence::Flavor;

constexpr std::string_view signs[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};

Error too_large() {
    return type_error("an integer result does not fit 64 bits");
}

Result<Value> integer_power(Runtime& runtime, int64_t base, int64_t exponent) {
    if (exponent < 0) {
        if (base == 0) return type_error("0.0 cannot be raised to a negative power");
        return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    }
    int64_t out = 1;
    bool fits = true;
    for (int64_t left = exponent; left > 0; left /= 2) {
        TRY(runtime.budget.step());
        if (left % 2 == 1) fits = fits && !__builtin_mul_overflow(out, base, &out);
        if (left > 1) {
            bool overflow = __builtin_mul_overflow(base, base, &base);
            fits = fits && !overflow;
        }
        if (!fits) return too_large();
    }
    return Value(out);
}

Result<Value> compute_integers(Runtime& runtime, Arithmetic op, int64_t a, int64_t b) {
    int64_t out = 0;
    switch (op) {
        case Arithmetic::Add:
            if (__builtin_add_overflow(a, b, &out)) return too_large();
            return Value(out);
        case Arithmetic::Subtract:
            if (__builtin_sub_overflow(a, b, &out)) return too_large();
            return Value(out);
        case Arithmetic::Multiply:
            if (__builtin_mul_overflow(a, b, &out)) return too_large();
            return Value(out);
        case Arithmetic::Power:
            return integer_power(runtime, a, b);
        default:
            break;
    }
    if (b == 0)
        return type_error(op == Arithmetic::Divide ? "division by zero"
                                                   : "integer division or modulo by zero");
    if (op == Arithmetic::Divide) return Value(static_cast<double>(a) / static_cast<double>(b));
    if (b == -1) {  // INT64_MIN / -1 overflows
        if (op == Arithmetic::Modulo) return Value(0);
        return a == INT64_MIN ? Result<Value>(too_large()) : Value(-a);
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest != 0 && (rest < 0) != (b < 0)) {  // Python rounds down
        quotient--;
        rest += b;
    }
    return Value(op == Arithmetic::Modulo ? rest : quotient);
}

// CPython's float_divmod.
struct Division {
    double quotient, rest;
};
Division divide_down(double a, double b) {
    double rest = std::fmod(a, b);
    double quotient = (a - rest) / b;
    if (rest != 0) {
        if ((b < 0) != (rest < 0)) {
            rest += b;
            quotient -= 1;
        }
    } else {
        rest = std::copysign(0.0, b);
    }
    if (quotient == 0) return {std::copysign(0.0, a / b), rest};
    double whole = std::floor(quotient);
    return {quotient - whole > 0.5 ? whole + 1 : whole, rest};
}

Result<Value> compute_floats(Arithmetic op, double a, double b) {
    switch (op) {
        case Arithmetic::Add:
            return Value(a + b);
        case Arithmetic::Subtract:
            return Value(a - b);
        case Arithmetic::Multiply:
            return Value(a * b);
        case Arithmetic::Divide:
            if (b == 0) return type_error("float division by zero");
            return Value(a / b);
        case Arithmetic::FloorDivide:
            if (b == 0) return type_error("float floor division by zero");
            return Value(divide_down(a, b).quotient);
        case Arithmetic::Modulo:
            if (b == 0) return type_error("float modulo");
            return Value(divide_down(a, b).rest);
        case Arithmetic::Power:
            break;
    }
    if (a == 0 && b < 0) return type_error("0.0 cannot be raised to a negative power");
    double out = std::pow(a, b);
    if (std::isnan(out) && !std::isnan(a) && !std::isnan(b))
        return type_error("a negative number has no real power of that kind");
    if (std::isinf(out) && !std::isinf(a) && !std::isinf(b))
        return type_error("the power is out of a float's range");
    return Value(out);
}

Result<Value> add_texts(Runtime& runtime, const Text& a, const Text& b) {
    TextBuilder out(runtime);
    bool safe = a.safe || b.safe;
    TRY(out.add(safe && !a.safe ? escape_html(a.bytes) : a.bytes));
    TRY(out.add(safe && !b.safe ? escape_html(b.bytes) : b.bytes));
    return out.value(safe);
}

bool is_list_like(const Value& value) {
    const Sequence* sequence = value.sequence();
    return sequence && sequence->flavor <= Flavor::Tuple;
}

Result<Value> add_lists(Runtime& runtime, const Sequence& a, const Sequence& b) {
    size_t count = a.items.size() + b.items.size();
    TRY(runtime.budget.step(count));
    TRY(runtime.budget.room(count * sizeof(Value)));
    std::vector<Value> items;
    items.reserve(count);
    items.insert(items.end(), a.items.begin(), a.items.end());
    items.insert(items.end(), b.items.begin(), b.items.end());
    return runtime.list(std::move(items), a.flavor);
}

Result<Value> repeat(Runtime& runtime, const Value& value, int64_t wanted) {
    auto times = static_cast<size_t>(std::max<int64_t>(wanted, 0));
    if (const Text* text = value.text()) {
        TextBuilder out(runtime);
        TRY(out.add(text->bytes, times));
        return out.value(text->safe);
    }
    const Sequence& sequence = *value.sequence();
    size_t count = 0;
    if (__builtin_mul_overflow(sequence.items.size(), times, &count) ||
        count > SIZE_MAX / sizeof(Value))
        count = SIZE_MAX / sizeof(Value);
    TRY(runtime.budget.room(count * sizeof(Value)));
    TRY(runtime.budget.step(count));
    std::vector<Value> items;
    items.reserve(count);
    for (; count > 0 && times > 0; times--)
        items.insert(items.end(), sequence.items.begin(), sequence.items.end());
    return runtime.list(std::move(items), sequence.flavor);
}

}  // namespace

Result<Value> compute(Runtime& runtime, Arithmetic op, const Value& a, const Value& b) {
    TRY(runtime.budget.step());
    if (op == Arithmetic::Modulo && a.is_string())
        return format_percent(runtime, a.text()->bytes, b);
    for (const Value* value : {&a, &b})
        if (value->is_undefined()) return type_error(value->why());
    if (a.is_number() && b.is_number()) {
        auto left = a.integer(), right = b.integer();
        if (left && right) return compute_integers(runtime, op, *left, *right);
        return compute_floats(op, *a.number(), *b.number());
    }
    if (op == Arithmetic::Add && a.is_string() && b.is_string())
        return add_texts(runtime, *a.text(), *b.text());
    if (op == Arithmetic::Add && is_list_like(a) && is_list_like(b) &&
        a.sequence()->flavor == b.sequence()->flavor)
        return add_lists(runtime, *a.sequence(), *b.sequence());
    if (op == Arithmetic::Multiply) {
        bool first = a.is_string() || is_list_like(a), second = b.is_string() || is_list_like(b);
        if (first && b.integer()) return repeat(runtime, a, *b.integer());
        if (second && a.integer()) return repeat(runtime, b, *a.integer());
    }
    return type_error(cat("unsupported operand type(s) for ", signs[static_cast<size_t>(op)], ": '",
                          a.type(), "' and '", b.type(), "'"));
}

}  // namespace linnet::jinja
