// From tokens to a tree, by the grammar of Jinja 3.1 with break, continue and generation.
#pragma once

#include <unordered_map>

#include "text/jinja_ast.h"
#include "text/jinja_lexer.h"

namespace linnet::jinja {

// Errors name line and column. REQUIRES: source is valid UTF-8.
Result<std::unique_ptr<const Program>> parse_program(std::string_view source);

class Parser {
  public:
    Parser(Program& program, std::vector<Token> tokens)
        : program_(program), tokens_(std::move(tokens)) {}
    Result<Done> run();

  private:
    using Type = Token::Type;
    using Made = Result<std::unique_ptr<Expr>>;
    using Names = std::initializer_list<std::string_view>;

    // Tokens.
    const Token& current() const { return tokens_[at_]; }
    const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool is_name(std::string_view name) const { return is_name(current(), name); }
    static bool is_name(const Token& token, std::string_view name) {
        return token.type == Type::Name && token.text == name;
    }
    bool is_sign(std::string_view sign) const { return is_sign(current(), sign); }
    static bool is_sign(const Token& token, std::string_view sign) {
        return token.type == Type::Operator && token.text == sign;
    }
    bool skip_name(std::string_view name);
    bool skip_sign(std::string_view sign);
    Result<Done> expect_sign(std::string_view sign);
    Result<Done> expect_name(std::string_view name);
    Result<Done> expect(Type type);
    Result<std::string> expect_identifier();
    Error unexpected(std::string_view wanted) const;
    Error error(std::string what, uint32_t offset, Code code = Code::BadInput) const;
    uint32_t symbol(std::string_view name);

    // Expressions.
    std::unique_ptr<Expr> make(Op op, uint32_t offset) const;
    // Sets the height, which an error bounds.
    Made finished(std::unique_ptr<Expr> expr) const;
    template <class... Parts>
    Made finished(std::unique_ptr<Expr> expr, Parts... parts) const {
        (expr->parts.push_back(std::move(parts)), ...);
        return finished(std::move(expr));
    }
    Made expression(bool conditional = true);
    Made disjunction();
    Made conjunction();
    Made negation();
    Made comparison();
    Made sum();
    Made concatenation();
    Made product();
    Made power();
    Made unary(bool filters = true);
    Made primary();
    Made literal(Value value);
    Made list();
    Made dict();
    struct TupleRules {
        bool conditional = true;
        bool parentheses = false;
        std::string_view end_name{};
    };
    Made tuple(TupleRules rules);
    Made postfix(std::unique_ptr<Expr> expr);
    Made subscript(std::unique_ptr<Expr> expr);
    Made subscripted(std::unique_ptr<Expr> expr, uint32_t offset);
    Made call(std::unique_ptr<Expr> callee);
    Made filters_and_tests(std::unique_ptr<Expr> expr);
    Made filter(std::unique_ptr<Expr> input);
    Made filter_chain();
    Made test(std::unique_ptr<Expr> subject);
    Result<std::unique_ptr<ArgumentList>> arguments();
    Result<std::string> dotted_name();
    Made arithmetic_node(std::unique_ptr<Expr> a, Arithmetic op, uint32_t offset,
                         std::unique_ptr<Expr> b) const;

    // Statements.
    Result<Body> body(Names ends);
    Result<Body> tag_body(Names ends);
    Result<Done> one_statement(Body& out);
    Result<Done> print_tag(Body& out, uint32_t offset);
    Result<Statement> for_loop(uint32_t offset);
    Result<Statement> if_else(uint32_t offset);
    Result<Statement> set(uint32_t offset);
    Result<Statement> with(uint32_t offset);
    Result<Statement> macro(uint32_t offset);
    Result<Statement> call_block(uint32_t offset);
    Result<Statement> filter_block(uint32_t offset);
    Result<Statement> generation(uint32_t offset);
    Result<Target> target(std::string_view end_name, bool attributes);
    Result<Target> single_target(bool attributes);
    Result<Done> signature(MacroDefinition& macro);
    Result<Done> macro_body(MacroDefinition& macro, std::string_view end);

    Program& program_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
    std::unordered_map<std::string, uint32_t> numbers_;
    int nesting_ = 0;     // of expressions and bodies
    int loops_ = 0;       // that break and continue may leave
    int conditions_ = 0;  // inside which an unknown filter or test fails only if it is reached
    std::vector<MacroDefinition*> macros_;  // that are being read
};

}  // namespace linnet::jinja
