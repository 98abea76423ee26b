// The objects of the language that hold something that changes.
#pragma once

#include "text/jinja_interpreter.h"

namespace linnet::jinja {

struct Namespace final : Object {
    explicit Namespace(Budget* budget) : Object(budget) {}
    std::string_view type() const override { return "Namespace"; }
    Result<Done> print(TextBuilder& out) const override;
    Result<std::optional<Value>> attribute(Runtime&, std::string_view name) override;
    void set(std::string_view name, Value value);

    std::vector<std::pair<std::string, Value>> attributes;
};

struct Macro final : Object {
    Macro(Budget* budget, Interpreter& runs, const MacroDefinition& made_of,
          std::shared_ptr<Scope> seen)
        : Object(budget), interpreter(runs), definition(made_of), closure(std::move(seen)) {}
    std::string_view type() const override { return "Macro"; }
    bool callable() const override { return true; }
    Result<Done> print(TextBuilder& out) const override;
    Result<std::optional<Value>> attribute(Runtime& runtime, std::string_view name) override;
    Result<Value> call(Runtime&, const Call& arguments) override {
        return interpreter.call_macro(definition, closure, arguments);
    }

    Interpreter& interpreter;
    const MacroDefinition& definition;
    const std::shared_ptr<Scope> closure;
};

// `loop` inside a for.
struct Loop final : Object {
    Loop(Budget* budget, Interpreter& runs, const Statement& made_by, std::shared_ptr<Scope> seen,
         Iteration over, int recursion)
        : Object(budget, over.depth() + 1),
          interpreter(runs),
          statement(made_by),
          scope(std::move(seen)),
          walk(std::move(over)),
          length(walk.left()),
          level(recursion) {}
    std::string_view type() const override { return "LoopContext"; }
    bool callable() const override { return true; }
    Result<Done> print(TextBuilder& out) const override;
    Result<std::optional<Value>> attribute(Runtime& runtime, std::string_view name) override;
    Result<Value> call(Runtime& runtime, const Call& arguments) override;
    // Moves on to the next item; false at the end.
    bool advance(Runtime& runtime);
    Value cycle(const Call& call) const;
    Result<Value> changed(Runtime& runtime, const Call& call);

    Interpreter& interpreter;
    const Statement& statement;
    const std::shared_ptr<Scope> scope;
    Iteration walk;
    const size_t length;
    const int level;   // of a recursive loop, 0 outermost
    size_t index = 0;  // from 1 once it runs
    Value previous, current;
    std::optional<Value> following;
    std::optional<std::vector<Value>> last_seen;  // by changed()
};

struct Cycler final : Object {
    Cycler(Budget* budget, std::vector<Value> values, int nests)
        : Object(budget, nests), items(std::move(values)) {}
    std::string_view type() const override { return "Cycler"; }
    Result<std::optional<Value>> attribute(Runtime& runtime, std::string_view name) override;

    const std::vector<Value> items;
    size_t position = 0;
};

struct Joiner final : Object {
    Joiner(Budget* budget, Value text)
        : Object(budget, text.depth() + 1), separator(std::move(text)) {}
    std::string_view type() const override { return "Joiner"; }
    bool callable() const override { return true; }
    Result<Value> call(Runtime& runtime, const Call&) override {
        return std::exchange(used, true) ? separator : runtime.text("");
    }

    const Value separator;
    bool used = false;
};

}  // namespace linnet::jinja
