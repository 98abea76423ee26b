// Runs a parsed template once.
#pragma once

#include <memory>

#include "text/jinja_ast.h"

namespace linnet::jinja {

// Names and their values, inside one block. Macros keep the scopes alive that they can see.
struct Scope {
    Scope(Budget* budget, std::shared_ptr<Scope> outer)
        : parent(std::move(outer)), charge(budget, 96) {}
    Value* find(uint32_t symbol) {
        for (auto& [held, value] : variables)
            if (held == symbol) return &value;
        return nullptr;
    }
    void set(uint32_t symbol, Value value) {
        if (Value* held = find(symbol)) {
            *held = std::move(value);
            return;
        }
        variables.emplace_back(symbol, std::move(value));
        charge.grow(2 * sizeof variables.back());
    }

    std::vector<std::pair<uint32_t, Value>> variables;
    std::shared_ptr<Scope> parent;
    Charge charge;
};

class Interpreter {
  public:
    struct Limits {
        int calls_max;
        size_t output_max;
    };
    Interpreter(Runtime& runtime, const Program& program, Limits limits);

    // The template's output. Variables that the template does not name cost nothing.
    Result<std::string> run(const std::vector<std::pair<std::string, Value>>& variables);

    // For macros and recursive loops, which call back.
    Result<Value> call_macro(const MacroDefinition& macro, const std::shared_ptr<Scope>& closure,
                             const Call& call);
    Result<Value> call_loop(const Statement& loop, const std::shared_ptr<Scope>& scope,
                            const Value& items, int depth);

  private:
    // Operations inside operations, macros included; each takes about a kilobyte of stack.
    static constexpr int depth_max = 1500;
    enum class Flow { Next, Break, Continue };

    // Statements.
    Result<Flow> run_body(const Body& body);
    Result<Flow> run_scoped(const Body& body);
    Result<Flow> run_statement(const Statement& statement);
    Result<Flow> run_if(const Statement& statement);
    Result<Flow> run_for(const Statement& statement);
    Result<Flow> run_loop(const Statement& statement, const Value& items, int depth);
    Result<Value> filtered(const Statement& statement, const Value& items);
    Result<Flow> run_set_block(const Statement& statement);
    Result<Flow> run_filter_block(const Statement& statement);
    Result<Flow> run_with(const Statement& statement);
    Result<Done> run_macro(const Statement& statement);
    Result<Done> run_call_block(const Statement& statement);
    Result<Done> assign(const Target& target, const Value& value);
    Result<Done> check_namespaces(const Target& target);
    Result<Done> write(const Value& value);
    // Runs a body with its output kept; the flow that left it comes with it.
    Result<Flow> capture(const Body& body, Value& text);

    // Expressions.
    Result<Value> evaluate(const Expr& expr);
    Result<Value> evaluate_operation(const Expr& expr);
    Result<Value> look_up(uint32_t symbol);
    Result<Value> evaluate_list(const Expr& expr, Sequence::Flavor flavor);
    Result<Value> evaluate_dict(const Expr& expr);
    Result<Value> evaluate_slice(const Expr& expr);
    Result<Value> evaluate_call(const Expr& expr);
    Result<Value> evaluate_filter(const Expr& expr);
    Result<Value> evaluate_unary(const Expr& expr);
    Result<Value> evaluate_logic(const Expr& expr);
    Result<Value> evaluate_conditional(const Expr& expr);
    Result<Value> evaluate_concat(const Expr& expr);
    Result<Value> evaluate_compare(const Expr& expr);
    Result<Value> evaluate_arithmetic(const Expr& expr);
    Result<bool> compare(Comparison comparison, const Value& a, const Value& b);
    Result<Call> evaluate_arguments(const ArgumentList& list);

    Result<Done> bind_macro(const MacroDefinition& macro, const Call& call);
    Value make_macro(const MacroDefinition& macro);

    Runtime& runtime_;
    const Program& program_;
    Limits limits_;
    std::vector<Value> globals_;  // by symbol: what the template was given
    std::vector<bool> given_;
    std::shared_ptr<Scope> scope_;
    TextBuilder* out_ = nullptr;
    Value captured_;   // what the filters of a block are put on
    uint32_t at_ = 0;  // where the operation stands that runs; an error is its
    int calls_ = 0;
    int depth_ = 0;
};

}  // namespace linnet::jinja
