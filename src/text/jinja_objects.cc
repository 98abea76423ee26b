#include "text/jinja_objects.h"

namespace linnet::jinja {
namespace {

constexpr int print_nesting_max = 10;  // namespaces can hold each other in a circle

using Found = Result<std::optional<Value>>;
Found found(Value value) {
    return std::optional<Value>(std::move(value));
}

Result<Value> run_cycle(Runtime&, const Value& self, const Bound& bound) {
    if (bound.call.positional.empty()) return type_error("no items for cycling given");
    return static_cast<Loop*>(self.object())->cycle(bound.call);
}

Result<Value> run_changed(Runtime& runtime, const Value& self, const Bound& bound) {
    return static_cast<Loop*>(self.object())->changed(runtime, bound.call);
}

Result<Value> run_next(Runtime&, const Value& self, const Bound&) {
    auto* cycler = static_cast<Cycler*>(self.object());
    size_t at = cycler->position;
    cycler->position = (at + 1) % cycler->items.size();
    return cycler->items[at];
}

Result<Value> run_reset(Runtime&, const Value& self, const Bound&) {
    static_cast<Cycler*>(self.object())->position = 0;
    return Value::none();
}

constexpr Builtin cycle_row{"cycle", "*", run_cycle};
constexpr Builtin changed_row{"changed", "*", run_changed};
constexpr Builtin next_row{"next", "", run_next};
constexpr Builtin reset_row{"reset", "", run_reset};

}  // namespace

Result<Done> Namespace::print(TextBuilder& out) const {
    if (out.objects_open >= print_nesting_max)
        return type_error("namespaces that hold each other cannot be printed");
    out.objects_open++;
    TRY(out.add("<Namespace {"));
    for (size_t i = 0; i < attributes.size(); i++) {
        TRY(out.add(cat(i > 0 ? ", " : "", quote(attributes[i].first), ": ")));
        TRY(print_quoted(out, attributes[i].second));
    }
    out.objects_open--;
    return out.add("}>");
}

Found Namespace::attribute(Runtime&, std::string_view name) {
    for (const auto& [held, value] : attributes)
        if (held == name) return found(value);
    return std::optional<Value>();
}

void Namespace::set(std::string_view name, Value value) {
    for (auto& [held, old] : attributes) {
        if (held != name) continue;
        old = std::move(value);
        return;
    }
    charge.grow(2 * sizeof(attributes[0]) + name.size());
    attributes.emplace_back(name, std::move(value));
}

Result<Done> Macro::print(TextBuilder& out) const {
    return out.add(definition.name.empty() ? "<Macro anonymous>"
                                           : cat("<Macro ", quote(definition.name), ">"));
}

Found Macro::attribute(Runtime& runtime, std::string_view name) {
    if (name == "name")
        return found(definition.name.empty() ? Value::none() : runtime.text(definition.name));
    if (name == "catch_kwargs") return found(definition.uses_kwargs);
    if (name == "catch_varargs") return found(definition.uses_varargs);
    if (name == "caller") return found(definition.uses_caller);
    if (name != "arguments") return std::optional<Value>();
    std::vector<Value> names;
    for (const Parameter& parameter : definition.parameters)
        names.push_back(runtime.text(parameter.name));
    return found(runtime.tuple(std::move(names)));
}

Result<Done> Loop::print(TextBuilder& out) const {
    return out.add(cat("<LoopContext ", index, "/", length, ">"));
}

Found Loop::attribute(Runtime& runtime, std::string_view name) {
    if (name == "index") return found(index);
    if (name == "index0") return found(index - 1);
    if (name == "revindex") return found(length - index + 1);
    if (name == "revindex0") return found(length - index);
    if (name == "first") return found(index == 1);
    if (name == "last") return found(!following);
    if (name == "length") return found(length);
    if (name == "depth") return found(level + 1);
    if (name == "depth0") return found(level);
    if (name == "previtem")
        return found(index == 1 ? Value::undefined("there is no previous item") : previous);
    if (name == "nextitem")
        return found(following ? *following : Value::undefined("there is no next item"));
    Value self(shared_from_this());
    if (name == "cycle") return found(callable_value(runtime, cycle_row, self));
    if (name == "changed") return found(callable_value(runtime, changed_row, self));
    return std::optional<Value>();
}

Result<Value> Loop::call(Runtime&, const Call& arguments) {
    if (!statement.recursive)
        return type_error("the loop must have the 'recursive' marker to be called recursively");
    if (arguments.positional.size() != 1 || !arguments.named.empty())
        return type_error("a recursive loop takes one argument");
    return interpreter.call_loop(statement, scope, arguments.positional[0], level + 1);
}

bool Loop::advance(Runtime& runtime) {
    if (index == 0) following = walk.next(runtime);
    if (!following) return false;
    previous = std::exchange(current, std::move(*following));
    following = walk.next(runtime);
    index++;
    return true;
}

Value Loop::cycle(const Call& call) const {
    return call.positional[(index - 1) % call.positional.size()];
}

Result<Value> Loop::changed(Runtime& runtime, const Call& call) {
    bool same = last_seen && last_seen->size() == call.positional.size();
    for (size_t i = 0; same && i < last_seen->size(); i++)
        same = TRY(equal(runtime, (*last_seen)[i], call.positional[i]));
    if (same) return Value(false);
    // What it was shown may hold the loop itself.
    if (!last_seen)
        runtime.forget_at_end([self = std::static_pointer_cast<Loop>(shared_from_this())] {
            self->last_seen.reset();
        });
    last_seen = call.positional;
    return Value(true);
}

Found Cycler::attribute(Runtime& runtime, std::string_view name) {
    Value self(shared_from_this());
    if (name == "current") return found(items[position]);
    if (name == "next") return found(callable_value(runtime, next_row, self));
    if (name == "reset") return found(callable_value(runtime, reset_row, self));
    return std::optional<Value>();
}

}  // namespace linnet::jinja
