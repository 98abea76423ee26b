// A parsed template. Names are numbered, so that a rendering looks them up by number.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/jinja_call.h"

namespace linnet::jinja {

// How deep expressions and statements may nest in the source. Whatever walks the tree recurses this
// deep at most.
inline constexpr int tree_height_max = 200;

struct Expr;
using ExprPtr = std::unique_ptr<const Expr>;

enum class Op {
    Constant,   // constant
    Name,       // symbol
    Captured,   // the text of the block that a filter is put on
    Tuple,      // parts
    List,       // parts
    Dict,       // parts: key, value, key, value, …
    Attribute,  // parts[0].name
    Item,       // parts[0][parts[1]]
    Slice,      // parts[0][parts[1]:parts[2]:parts[3]], each but the first may be null
    Call,       // parts[0](arguments)
    Filter,     // parts[0] | name(arguments)
    Test,       // parts[0] is name(arguments)
    Not,
    Negate,
    Plus,
    And,
    Or,
    Conditional,  // parts[1] if parts[0] else parts[2], which may be null
    Concat,       // parts
    Compare,      // parts, with comparisons between them
    Arithmetic,   // parts[0] arithmetic parts[1]
};

enum class Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, In, NotIn };

struct ArgumentList {
    std::vector<ExprPtr> positional;
    std::vector<std::pair<std::string, ExprPtr>> named;
    ExprPtr more_positional, more_named;  // *x and **x, or null
};

struct Expr {
    Op op;
    uint32_t offset;
    int height = 1;
    uint32_t symbol = 0;
    std::string name{};
    Value constant{};
    std::vector<ExprPtr> parts{};
    std::vector<Comparison> comparisons{};
    Arithmetic arithmetic{};
    std::unique_ptr<ArgumentList> arguments{};
    const Builtin* builtin = nullptr;  // of a filter or test; null where there is none of the name
};

struct Statement;
using Body = std::vector<Statement>;

// What is assigned to: a name, an attribute of a namespace, or a tuple of these.
struct Target {
    uint32_t offset = 0;
    uint32_t symbol = 0;
    std::string attribute{};
    std::vector<Target> parts{};
    bool is_tuple = false;
};

struct Parameter {
    uint32_t symbol;
    std::string name;
    ExprPtr other;  // its default, or null
};

struct MacroDefinition {
    std::string name;
    uint32_t symbol = 0;
    uint32_t offset = 0;
    std::vector<Parameter> parameters;
    bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
    Body body;
};

struct Branch {
    ExprPtr condition;  // null: else
    Body body;
};

struct Statement {
    enum class Kind {
        Data,         // data
        Print,        // value
        For,          // target in value, if condition: body, other
        If,           // branches
        Set,          // target = value
        SetBlock,     // target = body, through value where it is not null
        With,         // targets = values: body
        Macro,        // macro
        CallBlock,    // value is the call, macro its caller
        FilterBlock,  // body through value
        Scope,        // body with names of its own
        Break,
        Continue,
    };
    Kind kind;
    uint32_t offset;
    Value data{};
    ExprPtr value{}, condition{};
    Target target{};
    std::vector<Target> targets{};
    std::vector<ExprPtr> values{};
    std::vector<Branch> branches{};
    std::unique_ptr<MacroDefinition> macro{};
    Body body{}, other{};
    bool recursive = false;
};

struct Program {
    std::string source;
    Body body;
    std::vector<std::string> symbols;  // names by number
    // Numbers of the names with a meaning of their own.
    uint32_t loop = 0, caller = 0, varargs = 0, kwargs = 0;
};

}  // namespace linnet::jinja
