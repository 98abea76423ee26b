#include "text/jinja_call.h"

namespace linnet::jinja {
namespace {

struct BuiltinObject final : Object {
    BuiltinObject(Budget* budget, const Builtin& row, Value receiver)
        : Object(budget, receiver.depth() + 1), builtin(row), self(std::move(receiver)) {}
    std::string_view type() const override { return "builtin_function_or_method"; }
    bool callable() const override { return true; }
    Result<Value> call(Runtime& runtime, const Call& arguments) override {
        return run_builtin(runtime, builtin, self, arguments);
    }
    const Builtin& builtin;
    const Value self;
};

// Splits "a b | c" into names; true where they may be left out.
struct Parameters {
    std::array<std::string_view, Bound::parameters_max> names;
    size_t count = 0;
    size_t required = 0;
};

Parameters read_parameters(std::string_view text) {
    Parameters out;
    bool optional = false;
    for (std::string_view name : split(text, ' ')) {
        if (name.empty()) continue;
        if (name == "|") {
            optional = true;
            continue;
        }
        check(out.count < Bound::parameters_max, "a built-in has few parameters");
        out.names[out.count++] = name;
        if (!optional) out.required++;
    }
    return out;
}

}  // namespace

Result<int64_t> Bound::integer(size_t i, int64_t other) const {
    if (!has(i)) return other;
    if (held_[i]->is_undefined()) return type_error(held_[i]->why());
    if (auto value = held_[i]->integer()) return *value;
    return type_error(cat("'", held_[i]->type(), "' object cannot be interpreted as an integer"));
}

Result<std::string_view> Bound::string(size_t i, std::string_view other) const {
    if (!has(i)) return other;
    if (held_[i]->is_undefined()) return type_error(held_[i]->why());
    if (const Text* text = held_[i]->text()) return std::string_view(text->bytes);
    return type_error(cat("a string is wanted, not ", held_[i]->type()));
}

Result<Bound> bind(std::string_view name, std::string_view parameters, const Call& call) {
    Bound out(call);
    if (parameters == "*") return out;
    Parameters wanted = read_parameters(parameters);
    if (call.positional.size() > wanted.count)
        return type_error(cat("'", name, "' takes at most ", wanted.count, " arguments, not ",
                              call.positional.size()));
    for (size_t i = 0; i < call.positional.size(); i++) out.held_[i] = &call.positional[i];
    for (const auto& [key, value] : call.named) {
        auto* end = wanted.names.begin() + wanted.count;
        auto* at = std::find(wanted.names.begin(), end, key);
        if (at == end) return type_error(cat("'", name, "' has no parameter '", key, "'"));
        const Value*& held = out.held_[static_cast<size_t>(at - wanted.names.begin())];
        if (held) return type_error(cat("'", name, "' got parameter '", key, "' twice"));
        held = &value;
    }
    for (size_t i = 0; i < wanted.required; i++)
        if (!out.held_[i])
            return type_error(cat("'", name, "' needs the argument '", wanted.names[i], "'"));
    return out;
}

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name) {
    for (const Builtin& row : table)
        if (row.name == name) return &row;
    return nullptr;
}

Result<Value> run_builtin(Runtime& runtime, const Builtin& builtin, const Value& input,
                          const Call& call) {
    Bound bound = TRY(bind(builtin.name, builtin.parameters, call));
    TRY(runtime.budget.step());
    return builtin.run(runtime, input, bound);
}

const Builtin* find_filter(std::string_view name) {
    for (auto table :
         {text_filters(), list_filters(), select_filters(), number_filters(), json_filters()})
        if (const Builtin* row = find_builtin(table, name)) return row;
    return nullptr;
}

const Builtin* find_test(std::string_view name) {
    return find_builtin(tests(), name);
}

Value callable_value(Runtime& runtime, const Builtin& builtin, Value self) {
    return Value(std::shared_ptr<Object>(runtime.object<BuiltinObject>(builtin, std::move(self))));
}

}  // namespace linnet::jinja
