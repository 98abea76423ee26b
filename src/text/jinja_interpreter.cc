// Statements.
#include "text/jinja_interpreter.h"

#include "text/jinja_lexer.h"
#include "text/jinja_objects.h"

namespace linnet::jinja {
namespace {

// Puts a variable back when a block is left, however it is left.
template <class T>
class Swap {
  public:
    Swap(T& variable, T value)
        : variable_(variable), old_(std::exchange(variable, std::move(value))) {}
    ~Swap() { variable_ = std::move(old_); }
    Swap(const Swap&) = delete;
    Swap& operator=(const Swap&) = delete;

  private:
    T& variable_;
    T old_;
};

using ScopePtr = std::shared_ptr<Scope>;

}  // namespace

Interpreter::Interpreter(Runtime& runtime, const Program& program, Limits limits)
    : runtime_(runtime),
      program_(program),
      limits_(limits),
      globals_(program.symbols.size()),
      given_(program.symbols.size()) {}

Result<std::string> Interpreter::run(const std::vector<std::pair<std::string, Value>>& variables) {
    for (size_t i = 0; i < program_.symbols.size(); i++) {
        if (const Builtin* function = find_builtin(functions(), program_.symbols[i])) {
            globals_[i] = callable_value(runtime_, *function, Value());
            given_[i] = true;
        }
        for (const auto& [name, value] : variables) {
            if (name != program_.symbols[i]) continue;
            globals_[i] = value;
            given_[i] = true;
        }
    }
    scope_ = std::make_shared<Scope>(&runtime_.budget, nullptr);
    TextBuilder out(runtime_);
    out_ = &out;
    auto flow = run_body(program_.body);
    if (!flow) {
        Error error = std::move(flow).error();
        if (error.code == Code::Usage) return error;  // the template's own words
        return error_at(program_.source, at_, std::move(error.what), error.code);
    }
    return out.take();
}

Result<Interpreter::Flow> Interpreter::run_body(const Body& body) {
    Swap<int> depth(depth_, depth_ + 1);
    if (depth_ > depth_max) return type_error(cat("nests more than ", depth_max, " operations"));
    for (const Statement& statement : body) {
        at_ = statement.offset;
        TRY(runtime_.budget.step());
        Flow flow = TRY(run_statement(statement));
        if (flow != Flow::Next) return flow;
    }
    return Flow::Next;
}

Result<Interpreter::Flow> Interpreter::run_scoped(const Body& body) {
    Swap<ScopePtr> scope(scope_, std::make_shared<Scope>(&runtime_.budget, scope_));
    return run_body(body);
}

Result<Interpreter::Flow> Interpreter::run_statement(const Statement& statement) {
    switch (statement.kind) {
        case Statement::Kind::Data:
            TRY(write(statement.data));
            return Flow::Next;
        case Statement::Kind::Print: {
            Value value = TRY(evaluate(*statement.value));
            TRY(write(value));
            return Flow::Next;
        }
        case Statement::Kind::For:
            return run_for(statement);
        case Statement::Kind::If:
            return run_if(statement);
        case Statement::Kind::Set: {
            TRY(check_namespaces(statement.target));
            Value value = TRY(evaluate(*statement.value));
            at_ = statement.offset;
            TRY(assign(statement.target, value));
            return Flow::Next;
        }
        case Statement::Kind::SetBlock:
            return run_set_block(statement);
        case Statement::Kind::With:
            return run_with(statement);
        case Statement::Kind::Macro:
            TRY(run_macro(statement));
            return Flow::Next;
        case Statement::Kind::CallBlock:
            TRY(run_call_block(statement));
            return Flow::Next;
        case Statement::Kind::FilterBlock:
            return run_filter_block(statement);
        case Statement::Kind::Scope:
            return run_scoped(statement.body);
        case Statement::Kind::Break:
            return Flow::Break;
        case Statement::Kind::Continue:
            return Flow::Continue;
    }
    return Flow::Next;
}

Result<Done> Interpreter::write(const Value& value) {
    TRY(print(*out_, value));
    if (out_->text().size() > limits_.output_max)
        return Error{Code::BadInput, cat("writes more than ", bytes_text(limits_.output_max))};
    return Done{};
}

Result<Interpreter::Flow> Interpreter::run_if(const Statement& statement) {
    for (const Branch& branch : statement.branches)
        if (!branch.condition || TRY(evaluate(*branch.condition)).truthy())
            return run_body(branch.body);
    return Flow::Next;
}

Result<Interpreter::Flow> Interpreter::run_for(const Statement& statement) {
    Value items = TRY(evaluate(*statement.value));
    if (!statement.recursive) return run_loop(statement, items, 0);
    Value text = TRY(call_loop(statement, scope_, items, 0));
    TRY(write(text));
    return Flow::Next;
}

Result<Value> Interpreter::call_loop(const Statement& loop, const ScopePtr& scope,
                                     const Value& items, int depth) {
    if (calls_ >= limits_.calls_max)
        return type_error(cat("calls nest deeper than ", limits_.calls_max));
    Swap<int> calls(calls_, calls_ + 1);
    Swap<ScopePtr> inside(scope_, scope);
    TextBuilder text(runtime_);
    Swap<TextBuilder*> out(out_, &text);
    uint32_t at = at_;
    TRY(run_loop(loop, items, depth));
    at_ = at;
    return text.value();
}

// The items for which the loop's condition holds. It sees the names around the loop and the target.
Result<Value> Interpreter::filtered(const Statement& statement, const Value& items) {
    Iteration walk = TRY(Iteration::over(items));
    std::vector<Value> kept;
    while (auto item = walk.next(runtime_)) {
        Swap<ScopePtr> scope(scope_, std::make_shared<Scope>(&runtime_.budget, scope_));
        TRY(assign(statement.target, *item));
        if (TRY(evaluate(*statement.condition)).truthy()) kept.push_back(std::move(*item));
        at_ = statement.offset;
        TRY(runtime_.budget.room(kept.capacity() * sizeof(Value)));
    }
    return runtime_.list(std::move(kept));
}

Result<Interpreter::Flow> Interpreter::run_loop(const Statement& statement, const Value& items,
                                                int depth) {
    at_ = statement.offset;
    Value kept = statement.condition ? TRY(filtered(statement, items)) : items;
    Iteration walk = TRY(Iteration::over(kept));
    auto loop = runtime_.object<Loop>(*this, statement, scope_, std::move(walk), depth);
    bool completed = false;  // Jinja's else also runs where no iteration got to its end
    while (loop->advance(runtime_)) {
        at_ = statement.offset;
        TRY(runtime_.budget.step());
        Swap<ScopePtr> scope(scope_, std::make_shared<Scope>(&runtime_.budget, scope_));
        TRY(assign(statement.target, loop->current));
        scope_->set(program_.loop, Value(std::shared_ptr<Object>(loop)));
        Flow flow = TRY(run_body(statement.body));
        if (flow == Flow::Break) break;
        completed |= flow == Flow::Next;
    }
    if (!completed && !statement.other.empty()) return run_scoped(statement.other);
    return Flow::Next;
}

Result<Interpreter::Flow> Interpreter::capture(const Body& body, Value& text) {
    TextBuilder kept(runtime_);
    Flow flow = Flow::Next;
    {
        Swap<TextBuilder*> out(out_, &kept);
        flow = TRY(run_scoped(body));
    }
    text = kept.value();
    return flow;
}

Result<Interpreter::Flow> Interpreter::run_set_block(const Statement& statement) {
    Value text;
    Flow flow = TRY(capture(statement.body, text));
    if (flow != Flow::Next) return flow;
    if (statement.value) {
        Swap<Value> captured(captured_, text);
        text = TRY(evaluate(*statement.value));
    }
    at_ = statement.offset;
    TRY(check_namespaces(statement.target));
    TRY(assign(statement.target, text));
    return Flow::Next;
}

Result<Interpreter::Flow> Interpreter::run_filter_block(const Statement& statement) {
    Value text;
    Flow flow = TRY(capture(statement.body, text));
    if (flow != Flow::Next) return flow;
    Swap<Value> captured(captured_, text);
    Value value = TRY(evaluate(*statement.value));
    TRY(write(value));
    return Flow::Next;
}

Result<Interpreter::Flow> Interpreter::run_with(const Statement& statement) {
    auto inner = std::make_shared<Scope>(&runtime_.budget, scope_);
    std::vector<Value> values;
    for (const ExprPtr& value : statement.values) values.push_back(TRY(evaluate(*value)));
    Swap<ScopePtr> scope(scope_, inner);
    for (size_t i = 0; i < values.size(); i++) TRY(assign(statement.targets[i], values[i]));
    return run_body(statement.body);
}

Value Interpreter::make_macro(const MacroDefinition& macro) {
    // A scope can hold a macro that sees the scope.
    runtime_.forget_at_end([scope = scope_] { scope->variables.clear(); });
    return Value(std::shared_ptr<Object>(runtime_.object<Macro>(*this, macro, scope_)));
}

Result<Done> Interpreter::run_macro(const Statement& statement) {
    scope_->set(statement.macro->symbol, make_macro(*statement.macro));
    return Done{};
}

Result<Done> Interpreter::run_call_block(const Statement& statement) {
    const Expr& expr = *statement.value;
    Value callee = TRY(evaluate(*expr.parts[0]));
    Call call = TRY(evaluate_arguments(*expr.arguments));
    call.named.emplace_back("caller", make_macro(*statement.macro));
    at_ = expr.offset;
    Value value = TRY(call_value(runtime_, callee, call));
    return write(value);
}

Result<Value> Interpreter::call_macro(const MacroDefinition& macro, const ScopePtr& closure,
                                      const Call& call) {
    if (calls_ >= limits_.calls_max)
        return type_error(cat("calls nest deeper than ", limits_.calls_max));
    Swap<int> calls(calls_, calls_ + 1);
    Swap<ScopePtr> scope(scope_, std::make_shared<Scope>(&runtime_.budget, closure));
    TextBuilder text(runtime_);
    Swap<TextBuilder*> out(out_, &text);
    uint32_t at = at_;
    TRY(bind_macro(macro, call));
    TRY(run_body(macro.body));
    at_ = at;
    return text.value();
}

Result<Done> Interpreter::bind_macro(const MacroDefinition& macro, const Call& call) {
    auto named = call.named;
    auto take = [&](std::string_view name) -> std::optional<Value> {
        auto at = std::find_if(named.begin(), named.end(),
                               [&](auto& pair) { return pair.first == name; });
        if (at == named.end()) return std::nullopt;
        Value value = std::move(at->second);
        named.erase(at);
        return value;
    };
    size_t count = macro.parameters.size(), given = std::min(count, call.positional.size());
    std::vector<std::optional<Value>> values(count);
    for (size_t i = 0; i < count; i++)
        values[i] =
            i < given ? std::optional<Value>(call.positional[i]) : take(macro.parameters[i].name);
    if (macro.uses_caller) {
        auto caller = take("caller");
        scope_->set(program_.caller, caller ? *caller : Value::undefined("No caller defined"));
    }
    if (!macro.uses_kwargs && !named.empty())
        return type_error(cat("macro '", macro.name, "' takes no keyword argument '",
                              printable(named[0].first, 80), "'"));
    if (!macro.uses_varargs && call.positional.size() > count)
        return type_error(
            cat("macro '", macro.name, "' takes not more than ", count, " argument(s)"));
    if (macro.uses_kwargs) {
        DictBuilder rest(runtime_);
        for (auto& [name, value] : named) TRY(rest.set(name, std::move(value)));
        scope_->set(program_.kwargs, rest.value());
    }
    if (macro.uses_varargs)
        scope_->set(program_.varargs,
                    runtime_.tuple({call.positional.begin() + static_cast<ptrdiff_t>(given),
                                    call.positional.end()}));
    for (size_t i = 0; i < count; i++) {
        const Parameter& parameter = macro.parameters[i];
        if (!values[i] && parameter.other) values[i] = TRY(evaluate(*parameter.other));
        if (!values[i])
            values[i] = Value::undefined(cat("parameter '", parameter.name, "' was not provided"));
        scope_->set(parameter.symbol, std::move(*values[i]));
    }
    return Done{};
}

// Jinja looks that dotted targets are namespaces before it evaluates what they are set to.
Result<Done> Interpreter::check_namespaces(const Target& target) {
    for (const Target& part : target.parts) TRY(check_namespaces(part));
    if (target.attribute.empty()) return Done{};
    Value value = TRY(look_up(target.symbol));
    if (!dynamic_cast<Namespace*>(value.object()))
        return type_error("cannot assign attribute on non-namespace object");
    return Done{};
}

Result<Done> Interpreter::assign(const Target& target, const Value& value) {
    if (target.is_tuple) {
        if (value.is_undefined()) return type_error(value.why());
        std::vector<Value> items = TRY(to_vector(runtime_, value));
        if (items.size() != target.parts.size())
            return type_error(cat(items.size() < target.parts.size() ? "not enough" : "too many",
                                  " values to unpack (expected ", target.parts.size(), ", got ",
                                  items.size(), ")"));
        for (size_t i = 0; i < items.size(); i++) TRY(assign(target.parts[i], items[i]));
        return Done{};
    }
    if (target.attribute.empty()) {
        scope_->set(target.symbol, value);
        return Done{};
    }
    Value holder = TRY(look_up(target.symbol));
    auto* space = dynamic_cast<Namespace*>(holder.object());
    if (!space) return type_error("cannot assign attribute on non-namespace object");
    if (target.attribute.starts_with('_'))
        return type_error(cat("a namespace stores no names that begin with an underscore: '",
                              target.attribute, "'"));
    space->set(target.attribute, value);
    return Done{};
}

}  // namespace linnet::jinja
