// Expressions.
#include "text/jinja_format.h"
#include "text/jinja_interpreter.h"

namespace linnet::jinja {

namespace {

struct Level {
    int& count;
    explicit Level(int& counted) : count(counted) { count++; }
    ~Level() { count--; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
};

}  // namespace

Result<Value> Interpreter::evaluate(const Expr& expr) {
    TRY(runtime_.budget.step());
    Level level(depth_);
    if (depth_ > depth_max) return type_error(cat("nests more than ", depth_max, " operations"));
    switch (expr.op) {
        case Op::Constant:
            return expr.constant;
        case Op::Name:
            return look_up(expr.symbol);
        case Op::Captured:
            return captured_;
        case Op::Attribute: {
            Value value = TRY(evaluate(*expr.parts[0]));
            at_ = expr.offset;
            return attribute_of(runtime_, value, expr.name);
        }
        case Op::Item: {
            Value value = TRY(evaluate(*expr.parts[0]));
            Value key = TRY(evaluate(*expr.parts[1]));
            at_ = expr.offset;
            return item_of(runtime_, value, key);
        }
        default:
            return evaluate_operation(expr);
    }
}

Result<Value> Interpreter::evaluate_operation(const Expr& expr) {
    switch (expr.op) {
        case Op::Tuple:
            return evaluate_list(expr, Sequence::Flavor::Tuple);
        case Op::List:
            return evaluate_list(expr, Sequence::Flavor::List);
        case Op::Dict:
            return evaluate_dict(expr);
        case Op::Slice:
            return evaluate_slice(expr);
        case Op::Call:
            return evaluate_call(expr);
        case Op::Filter:
        case Op::Test:
            return evaluate_filter(expr);
        case Op::Not:
        case Op::Negate:
        case Op::Plus:
            return evaluate_unary(expr);
        case Op::And:
        case Op::Or:
            return evaluate_logic(expr);
        case Op::Conditional:
            return evaluate_conditional(expr);
        case Op::Concat:
            return evaluate_concat(expr);
        case Op::Compare:
            return evaluate_compare(expr);
        case Op::Arithmetic:
            return evaluate_arithmetic(expr);
        default:
            fail("evaluate() has the other operations");
    }
}

Result<Value> Interpreter::look_up(uint32_t symbol) {
    for (Scope* scope = scope_.get(); scope; scope = scope->parent.get()) {
        TRY(runtime_.budget.step(1 + scope->variables.size() / 8));
        if (Value* value = scope->find(symbol)) return *value;
    }
    if (given_[symbol]) return globals_[symbol];
    return Value::undefined(cat("'", program_.symbols[symbol], "' is undefined"));
}

Result<Value> Interpreter::evaluate_list(const Expr& expr, Sequence::Flavor flavor) {
    std::vector<Value> items;
    items.reserve(expr.parts.size());
    for (const ExprPtr& part : expr.parts) items.push_back(TRY(evaluate(*part)));
    return runtime_.list(std::move(items), flavor);
}

Result<Value> Interpreter::evaluate_dict(const Expr& expr) {
    DictBuilder dict(runtime_);
    for (size_t i = 0; i + 1 < expr.parts.size(); i += 2) {
        Value key = TRY(evaluate(*expr.parts[i]));
        Value value = TRY(evaluate(*expr.parts[i + 1]));
        at_ = expr.offset;
        TRY(dict.set(std::move(key), std::move(value)));
    }
    return dict.value();
}

Result<Value> Interpreter::evaluate_slice(const Expr& expr) {
    Value value = TRY(evaluate(*expr.parts[0]));
    std::optional<int64_t> bounds[3];
    for (size_t i = 0; i < 3; i++) {
        if (!expr.parts[i + 1]) continue;
        Value bound = TRY(evaluate(*expr.parts[i + 1]));
        at_ = expr.offset;
        if (bound.is_none()) continue;
        bounds[i] = bound.integer();
        if (bound.is_undefined()) return type_error(bound.why());
        if (!bounds[i]) return Value::undefined("slice indices must be integers or None");
    }
    at_ = expr.offset;
    return slice_of(runtime_, value, {bounds[0], bounds[1], bounds[2]});
}

Result<Call> Interpreter::evaluate_arguments(const ArgumentList& list) {
    Call call;
    for (const ExprPtr& part : list.positional) call.positional.push_back(TRY(evaluate(*part)));
    if (list.more_positional) {
        Value more = TRY(evaluate(*list.more_positional));
        std::vector<Value> items = TRY(to_vector(runtime_, more));
        call.positional.insert(call.positional.end(), items.begin(), items.end());
    }
    for (const auto& [name, part] : list.named) call.named.emplace_back(name, TRY(evaluate(*part)));
    if (!list.more_named) return call;
    Value more = TRY(evaluate(*list.more_named));
    if (!more.dict()) return type_error("what stands behind ** must be a mapping");
    for (const Dict::Entry& entry : more.dict()->entries) {
        TRY(runtime_.budget.step(1 + call.named.size()));
        if (!entry.key.is_string()) return type_error("keywords must be strings");
        for (const auto& [name, value] : call.named)
            if (name == entry.key.text()->bytes)
                return type_error(
                    cat("got multiple values for keyword argument '", printable(name, 80), "'"));
        call.named.emplace_back(entry.key.text()->bytes, entry.value);
    }
    return call;
}

Result<Value> Interpreter::evaluate_call(const Expr& expr) {
    Value callee = TRY(evaluate(*expr.parts[0]));
    Call call = TRY(evaluate_arguments(*expr.arguments));
    at_ = expr.offset;
    return call_value(runtime_, callee, call);
}

Result<Value> Interpreter::evaluate_filter(const Expr& expr) {
    Value input = TRY(evaluate(*expr.parts[0]));
    Call call = TRY(evaluate_arguments(*expr.arguments));
    at_ = expr.offset;
    if (!expr.builtin)
        return Error{
            Code::Unsupported,
            cat("there is no ", expr.op == Op::Filter ? "filter" : "test", " '", expr.name, "'")};
    return run_builtin(runtime_, *expr.builtin, input, call);
}

Result<Value> Interpreter::evaluate_unary(const Expr& expr) {
    Value value = TRY(evaluate(*expr.parts[0]));
    at_ = expr.offset;
    if (expr.op == Op::Not) return Value(!value.truthy());
    if (value.is_undefined()) return type_error(value.why());
    if (!value.is_number())
        return type_error(cat("bad operand type for unary ", expr.op == Op::Negate ? "-" : "+",
                              ": '", value.type(), "'"));
    if (expr.op == Op::Plus) return value.integer() ? Value(*value.integer()) : value;
    if (auto integer = value.integer())
        return compute(runtime_, Arithmetic::Subtract, Value(0), value);
    return Value(-*value.number());
}

Result<Value> Interpreter::evaluate_logic(const Expr& expr) {
    Value left = TRY(evaluate(*expr.parts[0]));
    if (left.truthy() == (expr.op == Op::Or)) return left;
    return evaluate(*expr.parts[1]);
}

Result<Value> Interpreter::evaluate_conditional(const Expr& expr) {
    if (TRY(evaluate(*expr.parts[0])).truthy()) return evaluate(*expr.parts[1]);
    if (expr.parts[2]) return evaluate(*expr.parts[2]);
    return Value::undefined(
        "the inline if-expression evaluated to false and no else section was defined");
}

Result<Value> Interpreter::evaluate_concat(const Expr& expr) {
    TextBuilder out(runtime_);
    for (const ExprPtr& part : expr.parts) {
        Value value = TRY(evaluate(*part));
        at_ = expr.offset;
        TRY(print(out, value));
    }
    return out.value();
}

Result<Value> Interpreter::evaluate_compare(const Expr& expr) {
    Value left = TRY(evaluate(*expr.parts[0]));
    for (size_t i = 0; i < expr.comparisons.size(); i++) {
        Value right = TRY(evaluate(*expr.parts[i + 1]));
        at_ = expr.offset;
        if (!TRY(compare(expr.comparisons[i], left, right))) return Value(false);
        left = std::move(right);
    }
    return Value(true);
}

Result<bool> Interpreter::compare(Comparison comparison, const Value& a, const Value& b) {
    switch (comparison) {
        case Comparison::Equal:
            return equal(runtime_, a, b);
        case Comparison::NotEqual:
            return !TRY(equal(runtime_, a, b));
        case Comparison::Less:
            return less(runtime_, a, b, "<");
        case Comparison::Greater:
            return less(runtime_, b, a, ">");
        case Comparison::LessEqual:
            return TRY(less(runtime_, a, b, "<=")) || TRY(equal(runtime_, a, b));
        case Comparison::GreaterEqual:
            return TRY(less(runtime_, b, a, ">=")) || TRY(equal(runtime_, a, b));
        case Comparison::In:
            return contains(runtime_, b, a);
        case Comparison::NotIn:
            return !TRY(contains(runtime_, b, a));
    }
    return false;
}

Result<Value> Interpreter::evaluate_arithmetic(const Expr& expr) {
    Value left = TRY(evaluate(*expr.parts[0]));
    Value right = TRY(evaluate(*expr.parts[1]));
    at_ = expr.offset;
    return compute(runtime_, expr.arithmetic, left, right);
}

}  // namespace linnet::jinja
