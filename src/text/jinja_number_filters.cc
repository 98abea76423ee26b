// Filters that make a number.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "text/jinja_filters.h"

namespace linnet::jinja {
namespace {

// Digits without the single underscores that Python allows between them; nothing where they stand
// elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != '_') {
            out += text[i];
            continue;
        }
        auto is_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
        bool between =
            i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) && is_digit(text[i + 1]);
        if (!between) return std::nullopt;
    }
    return out;
}

constexpr size_t number_text_max = 400;

// int(text, base): nothing where Python raises ValueError, an error where 64 bits are too few.
Result<std::optional<int64_t>> read_integer(std::string_view text, int64_t base) {
    std::optional<int64_t> none;
    text = strip(text);
    if (text.size() > number_text_max) return none;
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    auto prefixed = [&](char mark, int64_t of) {
        return (base == of || base == 0) && text.size() > 2 && text[0] == '0' &&
               (text[1] | 32) == mark;
    };
    int64_t found = prefixed('x', 16) ? 16 : prefixed('o', 8) ? 8 : prefixed('b', 2) ? 2 : 0;
    if (found != 0) {
        text.remove_prefix(2);
        if (text.starts_with('_')) text.remove_prefix(1);
    }
    int64_t radix = found != 0 ? found : base == 0 ? 10 : base;
    if (radix < 2 || radix > 36) return none;
    auto digits = without_underscores(text);
    if (!digits || digits->empty() || (*digits)[0] == '-') return none;
    if (negative) digits->insert(0, "-");
    int64_t value = 0;
    auto [end, failed] = std::from_chars(digits->data(), digits->data() + digits->size(), value,
                                         static_cast<int>(radix));
    if (end != digits->data() + digits->size() || failed == std::errc::invalid_argument)
        return none;
    if (failed != std::errc{}) return type_error("an integer does not fit 64 bits");
    return std::optional<int64_t>(value);
}

// float(text): nothing where Python raises ValueError.
std::optional<double> read_float(std::string_view text) {
    text = strip(text);
    if (text.size() > number_text_max) return std::nullopt;
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::string word = to_lower(text);
    double value = 0;
    if (word == "inf" || word == "infinity") {
        value = HUGE_VAL;
    } else if (word == "nan") {
        value = NAN;
    } else {
        auto digits = without_underscores(word);
        if (!digits || digits->find_first_not_of("0123456789.e+-") != digits->npos ||
            digits->empty() || (*digits)[0] == '-' || (*digits)[0] == '+')
            return std::nullopt;
        char* end = nullptr;
        value = std::strtod(digits->c_str(), &end);
        if (*end != 0 || end == digits->c_str()) return std::nullopt;
    }
    return negative ? -value : value;
}

Result<std::optional<int64_t>> truncated(double value) {
    if (std::isnan(value)) return std::optional<int64_t>();
    if (std::isinf(value)) return type_error("cannot convert float infinity to integer");
    if (std::fabs(value) >= 9223372036854775808.0)
        return type_error("an integer does not fit 64 bits");
    return std::optional<int64_t>(static_cast<int64_t>(value));
}

Result<Value> to_integer(Runtime&, const Value& input, const Bound& bound) {
    if (input.is_undefined()) return type_error(input.why());
    Value other = bound.has(0) ? *bound[0] : Value(0);
    if (auto integer = input.integer()) return Value(*integer);
    if (const Text* text = input.text()) {
        int64_t base = TRY(bound.integer(1, 10));
        if (auto value = TRY(read_integer(text->bytes, base))) return Value(*value);
        auto real = read_float(text->bytes);
        if (!real || !std::isfinite(*real)) return other;
        return Value(*TRY(truncated(*real)));
    }
    if (!input.is_number()) return other;
    auto value = TRY(truncated(*input.number()));
    return value ? Value(*value) : other;
}

Result<Value> to_float(Runtime&, const Value& input, const Bound& bound) {
    if (input.is_undefined()) return type_error(input.why());
    std::optional<double> value = input.number();
    if (const Text* text = input.text()) value = read_float(text->bytes);
    if (value) return Value(*value);
    return bound.has(0) ? *bound[0] : Value(0.0);
}

Result<Value> absolute(Runtime& runtime, const Value& input, const Bound&) {
    if (input.is_undefined()) return type_error(input.why());
    if (!input.is_number())
        return type_error(cat("bad operand type for abs(): '", input.type(), "'"));
    if (!input.integer()) return Value(std::fabs(*input.number()));
    return *input.integer() < 0 ? compute(runtime, Arithmetic::Subtract, Value(0), input)
                                : Result<Value>(Value(*input.integer()));
}

// Half to even on the decimal digits that the double really has, as Python rounds.
double rounded(double value, int64_t digits) {
    if (!std::isfinite(value) || digits > 308) return value;
    if (digits < -308) return std::copysign(0.0, value);
    if (digits < 0) {
        long double unit = std::pow(10.0L, static_cast<long double>(-digits));
        return static_cast<double>(std::nearbyint(static_cast<long double>(value) / unit) * unit);
    }
    char text[700];
    std::snprintf(text, sizeof text, "%.*f", static_cast<int>(digits), value);
    return std::strtod(text, nullptr);
}

Result<Value> rounded_integer(int64_t value, int64_t digits) {
    if (digits >= 0) return Value(value);
    if (digits < -18) return Value(0);
    int64_t unit = 1;
    for (; digits < 0; digits++) unit *= 10;
    int64_t rest = value % unit, down = value - rest;
    if (rest < 0) {
        rest += unit;
        if (__builtin_sub_overflow(down, unit, &down))
            return type_error("an integer does not fit 64 bits");
    }
    bool up = rest > unit - rest || (rest == unit - rest && (down / unit) % 2 != 0);
    if (up && __builtin_add_overflow(down, unit, &down))
        return type_error("an integer does not fit 64 bits");
    return Value(down);
}

Result<Value> round(Runtime&, const Value& input, const Bound& bound) {
    std::string_view method = TRY(bound.string(1, "common"));
    if (input.is_undefined()) return type_error(input.why());
    if (!input.is_number())
        return type_error(cat("type ", input.type(), " doesn't define __round__ method"));
    int64_t digits = TRY(bound.integer(0, 0));
    if (method == "common")
        return input.integer() ? rounded_integer(*input.integer(), digits)
                               : Result<Value>(Value(rounded(*input.number(), digits)));
    if (method != "ceil" && method != "floor")
        return type_error("method must be common, ceil or floor");
    // As Jinja writes it: func(value * 10**precision) / 10**precision.
    double unit = std::pow(10.0, static_cast<double>(digits));
    double scaled = *input.number() * unit;
    if (!std::isfinite(scaled) || unit == 0) return type_error("the number is out of range");
    return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Result<Value> file_size(Runtime& runtime, const Value& input, const Bound& bound) {
    std::optional<double> bytes = input.number();
    if (const Text* text = input.text()) bytes = read_float(text->bytes);
    if (input.is_undefined()) return type_error(input.why());
    if (!bytes) return type_error("a size in bytes is wanted");
    bool binary = bound.truthy(0, false);
    double base = binary ? 1024 : 1000;
    if (*bytes == 1) return runtime.text("1 Byte");
    if (*bytes < base)
        return runtime.text(cat(static_cast<int64_t>(std::fmax(*bytes, -9e18)), " Bytes"));
    static constexpr std::string_view prefixes = "kMGTPEZY";
    double unit = base;
    size_t i = 0;
    for (; i < prefixes.size(); i++) {
        unit = std::pow(base, static_cast<double>(i + 2));
        if (*bytes < unit) break;
    }
    std::string name(1, prefixes[std::min(i, prefixes.size() - 1)]);
    if (binary && name == "k") name = "K";
    return runtime.text(cat(fixed(base * *bytes / unit, 1), " ", name, binary ? "iB" : "B"));
}

constexpr Builtin table[] = {
    {"abs", "", absolute},
    {"filesizeformat", "| binary", file_size},
    {"float", "| default", to_float},
    {"int", "| default base", to_integer},
    {"round", "| precision method", round},
};

}  // namespace

std::span<const Builtin> number_filters() {
    return table;
}

}  // namespace linnet::jinja
