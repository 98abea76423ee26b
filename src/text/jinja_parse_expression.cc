#include <algorithm>

#include "text/jinja_parser.h"

namespace linnet::jinja {
namespace {

// Counts a level for as long as it is open.
class Level {
  public:
    explicit Level(int& count) : count_(count) { count_++; }
    ~Level() { count_--; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

  private:
    int& count_;
};

constexpr int nesting_max = 100;

template <class T>
struct Sign {
    std::string_view sign;
    T meaning;
};

constexpr Sign<Comparison> comparison_signs[] = {
    {"==", Comparison::Equal},     {"!=", Comparison::NotEqual}, {"<", Comparison::Less},
    {"<=", Comparison::LessEqual}, {">", Comparison::Greater},   {">=", Comparison::GreaterEqual},
};
constexpr Sign<Arithmetic> sum_signs[] = {{"+", Arithmetic::Add}, {"-", Arithmetic::Subtract}};
constexpr Sign<Arithmetic> product_signs[] = {{"*", Arithmetic::Multiply},
                                              {"/", Arithmetic::Divide},
                                              {"//", Arithmetic::FloorDivide},
                                              {"%", Arithmetic::Modulo}};

template <class T, size_t n>
const Sign<T>* find_sign(const Token& token, const Sign<T> (&signs)[n]) {
    if (token.type != Token::Type::Operator) return nullptr;
    for (const Sign<T>& row : signs)
        if (row.sign == token.text) return &row;
    return nullptr;
}

}  // namespace

std::unique_ptr<Expr> Parser::make(Op op, uint32_t offset) const {
    auto expr = std::make_unique<Expr>();
    expr->op = op;
    expr->offset = offset;
    return expr;
}

Parser::Made Parser::finished(std::unique_ptr<Expr> expr) const {
    auto over = [&](const ExprPtr& part) {
        if (part) expr->height = std::max(expr->height, part->height + 1);
    };
    for (const ExprPtr& part : expr->parts) over(part);
    if (expr->arguments) {
        for (const ExprPtr& part : expr->arguments->positional) over(part);
        for (const auto& [name, part] : expr->arguments->named) over(part);
        over(expr->arguments->more_positional);
        over(expr->arguments->more_named);
    }
    if (expr->height > tree_height_max)
        return error(cat("an expression nests more than ", tree_height_max, " operations"),
                     expr->offset);
    return expr;
}

Parser::Made Parser::arithmetic_node(std::unique_ptr<Expr> a, Arithmetic op, uint32_t offset,
                                     std::unique_ptr<Expr> b) const {
    auto expr = make(Op::Arithmetic, offset);
    expr->arithmetic = op;
    return finished(std::move(expr), std::move(a), std::move(b));
}

Parser::Made Parser::expression(bool conditional) {
    Level level(nesting_);
    if (nesting_ > nesting_max)
        return error(cat("nested deeper than ", nesting_max), current().offset);
    if (!conditional) return disjunction();
    auto value = TRY(disjunction());
    while (is_name("if")) {
        auto expr = make(Op::Conditional, next().offset);
        Level soft(conditions_);
        auto condition = TRY(disjunction());
        std::unique_ptr<Expr> other;
        if (skip_name("else")) other = TRY(expression());
        value = TRY(
            finished(std::move(expr), std::move(condition), std::move(value), std::move(other)));
    }
    return value;
}

Parser::Made Parser::disjunction() {
    auto left = TRY(conjunction());
    while (is_name("or")) {
        auto expr = make(Op::Or, next().offset);
        auto right = TRY(conjunction());
        left = TRY(finished(std::move(expr), std::move(left), std::move(right)));
    }
    return left;
}

Parser::Made Parser::conjunction() {
    auto left = TRY(negation());
    while (is_name("and")) {
        auto expr = make(Op::And, next().offset);
        auto right = TRY(negation());
        left = TRY(finished(std::move(expr), std::move(left), std::move(right)));
    }
    return left;
}

Parser::Made Parser::negation() {
    if (!is_name("not")) return comparison();
    Level level(nesting_);
    if (nesting_ > nesting_max)
        return error(cat("nested deeper than ", nesting_max), current().offset);
    auto expr = make(Op::Not, next().offset);
    return finished(std::move(expr), TRY(negation()));
}

Parser::Made Parser::comparison() {
    auto expr = make(Op::Compare, current().offset);
    expr->parts.push_back(TRY(sum()));
    for (;;) {
        if (auto* row = find_sign(current(), comparison_signs)) {
            next();
            expr->comparisons.push_back(row->meaning);
        } else if (skip_name("in")) {
            expr->comparisons.push_back(Comparison::In);
        } else if (is_name("not") && is_name(ahead(), "in")) {
            next(), next();
            expr->comparisons.push_back(Comparison::NotIn);
        } else {
            break;
        }
        expr->parts.push_back(TRY(sum()));
    }
    if (!expr->comparisons.empty()) return finished(std::move(expr));
    return std::unique_ptr<Expr>(const_cast<Expr*>(expr->parts[0].release()));
}

Parser::Made Parser::sum() {
    auto left = TRY(concatenation());
    while (auto* row = find_sign(current(), sum_signs)) {
        uint32_t offset = next().offset;
        auto right = TRY(concatenation());
        left = TRY(arithmetic_node(std::move(left), row->meaning, offset, std::move(right)));
    }
    return left;
}

Parser::Made Parser::concatenation() {
    auto first = TRY(product());
    if (!is_sign("~")) return first;
    auto expr = make(Op::Concat, current().offset);
    expr->parts.push_back(std::move(first));
    while (skip_sign("~")) expr->parts.push_back(TRY(product()));
    return finished(std::move(expr));
}

Parser::Made Parser::product() {
    auto left = TRY(power());
    while (auto* row = find_sign(current(), product_signs)) {
        uint32_t offset = next().offset;
        auto right = TRY(power());
        left = TRY(arithmetic_node(std::move(left), row->meaning, offset, std::move(right)));
    }
    return left;
}

Parser::Made Parser::power() {
    auto left = TRY(unary());
    while (is_sign("**")) {  // from left to right, unlike Python's
        uint32_t offset = next().offset;
        auto right = TRY(unary());
        left = TRY(arithmetic_node(std::move(left), Arithmetic::Power, offset, std::move(right)));
    }
    return left;
}

Parser::Made Parser::unary(bool filters) {
    std::unique_ptr<Expr> expr;
    if (is_sign("-") || is_sign("+")) {
        Level level(nesting_);
        if (nesting_ > nesting_max)
            return error(cat("nested deeper than ", nesting_max), current().offset);
        expr = make(is_sign("-") ? Op::Negate : Op::Plus, current().offset);
        next();
        auto operand = TRY(unary(false));
        expr = TRY(finished(std::move(expr), std::move(operand)));
    } else {
        expr = TRY(primary());
    }
    expr = TRY(postfix(std::move(expr)));
    return filters ? filters_and_tests(std::move(expr)) : Made(std::move(expr));
}

Parser::Made Parser::literal(Value value) {
    auto expr = make(Op::Constant, next().offset);
    expr->constant = std::move(value);
    return expr;
}

Parser::Made Parser::primary() {
    const Token& token = current();
    switch (token.type) {
        case Type::Name: {
            if (token.text == "true" || token.text == "True") return literal(true);
            if (token.text == "false" || token.text == "False") return literal(false);
            if (token.text == "none" || token.text == "None") return literal(Value::none());
            for (MacroDefinition* macro : macros_) {
                macro->uses_caller |= token.text == "caller";
                macro->uses_varargs |= token.text == "varargs";
                macro->uses_kwargs |= token.text == "kwargs";
            }
            auto expr = make(Op::Name, token.offset);
            expr->symbol = symbol(next().text);
            return expr;
        }
        case Type::String: {
            auto expr = make(Op::Constant, token.offset);
            std::string text;
            while (current().type == Type::String) text += next().text;
            expr->constant = Value(std::make_shared<const Text>(nullptr, std::move(text), false));
            return expr;
        }
        case Type::Integer:
            return literal(token.integer);
        case Type::Float:
            return literal(token.number);
        default:
            break;
    }
    if (is_sign("[")) return list();
    if (is_sign("{")) return dict();
    if (!skip_sign("(")) return unexpected("an expression");
    auto expr = TRY(tuple({.parentheses = true}));
    TRY(expect_sign(")"));
    return expr;
}

Parser::Made Parser::list() {
    auto expr = make(Op::List, next().offset);
    while (!is_sign("]")) {
        if (!expr->parts.empty()) TRY(expect_sign(","));
        if (is_sign("]")) break;
        expr->parts.push_back(TRY(expression()));
    }
    next();
    return finished(std::move(expr));
}

Parser::Made Parser::dict() {
    auto expr = make(Op::Dict, next().offset);
    while (!is_sign("}")) {
        if (!expr->parts.empty()) TRY(expect_sign(","));
        if (is_sign("}")) break;
        expr->parts.push_back(TRY(expression()));
        TRY(expect_sign(":"));
        expr->parts.push_back(TRY(expression()));
    }
    next();
    return finished(std::move(expr));
}

// One expression, or a tuple where commas follow.
Parser::Made Parser::tuple(TupleRules rules) {
    auto expr = make(Op::Tuple, current().offset);
    bool is_tuple = false;
    auto ends = [&] {
        return current().type == Type::VariableEnd || current().type == Type::BlockEnd ||
               is_sign(")") || (!rules.end_name.empty() && is_name(rules.end_name));
    };
    while (!ends()) {
        expr->parts.push_back(TRY(expression(rules.conditional)));
        if (!skip_sign(",")) break;
        is_tuple = true;
    }
    if (!is_tuple && expr->parts.size() == 1)
        return std::unique_ptr<Expr>(const_cast<Expr*>(expr->parts[0].release()));
    if (!is_tuple && !rules.parentheses) return unexpected("an expression");
    return finished(std::move(expr));
}

Parser::Made Parser::postfix(std::unique_ptr<Expr> expr) {
    for (;;) {
        if (is_sign(".") || is_sign("["))
            expr = TRY(subscript(std::move(expr)));
        else if (is_sign("("))
            expr = TRY(call(std::move(expr)));
        else
            return expr;
    }
}

Parser::Made Parser::subscript(std::unique_ptr<Expr> expr) {
    const Token& open = next();
    if (open.text == "[") return subscripted(std::move(expr), open.offset);
    const Token& name = next();
    if (name.type == Type::Integer) {
        auto index = make(Op::Constant, name.offset);
        index->constant = Value(name.integer);
        return finished(make(Op::Item, open.offset), std::move(expr), std::move(index));
    }
    if (name.type != Type::Name) return error("expected a name or number after '.'", name.offset);
    auto attribute = make(Op::Attribute, open.offset);
    attribute->name = name.text;
    return finished(std::move(attribute), std::move(expr));
}

// Behind "[": an index, a slice, or indices with commas, which make a tuple.
Parser::Made Parser::subscripted(std::unique_ptr<Expr> expr, uint32_t offset) {
    std::unique_ptr<Expr> bounds[3];
    size_t colons = 0;
    auto keys = make(Op::Tuple, offset);
    while (!is_sign("]")) {
        if (skip_sign(":")) {
            if (++colons > 2 || !keys->parts.empty()) return unexpected("']'");
        } else if (is_sign(",") && colons == 0 && bounds[0]) {
            next();
            keys->parts.push_back(std::move(bounds[0]));
        } else if (!bounds[colons]) {
            bounds[colons] = TRY(expression());
        } else {
            return unexpected("']'");
        }
    }
    next();
    if (colons > 0)
        return finished(make(Op::Slice, offset), std::move(expr), std::move(bounds[0]),
                        std::move(bounds[1]), std::move(bounds[2]));
    if (keys->parts.empty() && bounds[0])
        return finished(make(Op::Item, offset), std::move(expr), std::move(bounds[0]));
    if (bounds[0]) keys->parts.push_back(std::move(bounds[0]));
    auto key = TRY(finished(std::move(keys)));
    return finished(make(Op::Item, offset), std::move(expr), std::move(key));
}

Parser::Made Parser::call(std::unique_ptr<Expr> callee) {
    auto expr = make(Op::Call, current().offset);
    expr->arguments = TRY(arguments());
    return finished(std::move(expr), std::move(callee));
}

Result<std::unique_ptr<ArgumentList>> Parser::arguments() {
    auto out = std::make_unique<ArgumentList>();
    uint32_t offset = current().offset;
    TRY(expect_sign("("));
    bool first = true;
    while (!is_sign(")")) {
        if (!first) TRY(expect_sign(","));
        if (is_sign(")")) break;
        first = false;
        bool named = current().type == Type::Name && is_sign(ahead(), "=");
        bool in_order = !out->more_named;
        if (is_sign("*") && in_order && !out->more_positional) {
            next();
            out->more_positional = TRY(expression());
        } else if (is_sign("**") && in_order) {
            next();
            out->more_named = TRY(expression());
        } else if (named && in_order) {
            std::string name = next().text;
            next();
            for (const auto& [other, value] : out->named)
                if (other == name)
                    return error(cat("the argument '", name, "' is repeated"), offset);
            out->named.emplace_back(std::move(name), TRY(expression()));
        } else if (!named && in_order && !out->more_positional && out->named.empty()) {
            out->positional.push_back(TRY(expression()));
        } else {
            return error("these arguments come in an order that a call cannot have", offset);
        }
    }
    next();
    return out;
}

Parser::Made Parser::filters_and_tests(std::unique_ptr<Expr> expr) {
    for (;;) {
        if (skip_sign("|"))
            expr = TRY(filter(std::move(expr)));
        else if (is_name("is"))
            expr = TRY(test(std::move(expr)));
        else if (is_sign("("))
            expr = TRY(call(std::move(expr)));
        else
            return expr;
    }
}

Result<std::string> Parser::dotted_name() {
    std::string name = TRY(expect_identifier());
    while (skip_sign(".")) name += "." + TRY(expect_identifier());
    return name;
}

// Behind "|". What is not there fails at once, or, inside a condition, when it is reached.
Parser::Made Parser::filter(std::unique_ptr<Expr> input) {
    auto expr = make(Op::Filter, current().offset);
    expr->name = TRY(dotted_name());
    expr->builtin = find_filter(expr->name);
    if (!expr->builtin && conditions_ == 0)
        return error(cat("there is no filter '", expr->name, "'"), expr->offset, Code::Unsupported);
    if (is_sign("("))
        expr->arguments = TRY(arguments());
    else
        expr->arguments = std::make_unique<ArgumentList>();
    return finished(std::move(expr), std::move(input));
}

// The filters of a block: the first name has no bar before it.
Parser::Made Parser::filter_chain() {
    auto expr = TRY(filter(make(Op::Captured, current().offset)));
    while (skip_sign("|")) expr = TRY(filter(std::move(expr)));
    return expr;
}

Parser::Made Parser::test(std::unique_ptr<Expr> subject) {
    uint32_t offset = next().offset;
    bool negated = skip_name("not");
    auto expr = make(Op::Test, current().offset);
    expr->name = TRY(dotted_name());
    expr->builtin = find_test(expr->name);
    if (!expr->builtin && conditions_ == 0)
        return error(cat("there is no test '", expr->name, "'"), expr->offset, Code::Unsupported);
    const Token& token = current();
    bool value = token.type == Type::Name || token.type == Type::String ||
                 token.type == Type::Integer || token.type == Type::Float || is_sign("[") ||
                 is_sign("{");
    if (is_sign("(")) {
        expr->arguments = TRY(arguments());
    } else {
        expr->arguments = std::make_unique<ArgumentList>();
        if (value && !is_name("else") && !is_name("or") && !is_name("and")) {
            if (is_name("is")) return error("tests cannot be chained with 'is'", token.offset);
            auto argument = TRY(primary());
            expr->arguments->positional.push_back(TRY(postfix(std::move(argument))));
        }
    }
    expr = TRY(finished(std::move(expr), std::move(subject)));
    return negated ? finished(make(Op::Not, offset), std::move(expr)) : Made(std::move(expr));
}

}  // namespace linnet::jinja
