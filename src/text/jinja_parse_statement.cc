#include <algorithm>
#include <array>

#include "text/jinja_parser.h"

namespace linnet::jinja {
namespace {

constexpr int bodies_max = 50;  // blocks inside blocks

struct Restore {
    int& variable;
    int value;
    ~Restore() { variable = value; }
};

std::string_view described(Token::Type type) {
    static constexpr std::string_view names[] = {"text",
                                                 "the begin of a print tag",
                                                 "the end of the print tag",
                                                 "the begin of a tag",
                                                 "the end of the tag",
                                                 "a name",
                                                 "a string",
                                                 "an integer",
                                                 "a float",
                                                 "an operator",
                                                 "the end of the template"};
    return names[static_cast<size_t>(type)];
}

}  // namespace

bool Parser::skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    next();
    return true;
}

bool Parser::skip_sign(std::string_view sign) {
    if (!is_sign(sign)) return false;
    next();
    return true;
}

Error Parser::error(std::string what, uint32_t offset, Code code) const {
    return error_at(program_.source, offset, std::move(what), code);
}

Error Parser::unexpected(std::string_view wanted) const {
    const Token& token = current();
    bool own_words = token.type == Type::Name || token.type == Type::Operator;
    std::string got =
        own_words ? cat("'", printable(token.text, 80), "'") : std::string(described(token.type));
    return error(cat("expected ", wanted, ", got ", got), token.offset);
}

Result<Done> Parser::expect_sign(std::string_view sign) {
    if (!skip_sign(sign)) return unexpected(cat("'", sign, "'"));
    return Done{};
}

Result<Done> Parser::expect_name(std::string_view name) {
    if (!skip_name(name)) return unexpected(cat("'", name, "'"));
    return Done{};
}

Result<Done> Parser::expect(Type type) {
    if (current().type != type) return unexpected(described(type));
    next();
    return Done{};
}

Result<std::string> Parser::expect_identifier() {
    if (current().type != Type::Name) return unexpected("a name");
    return next().text;
}

uint32_t Parser::symbol(std::string_view name) {
    auto [at, is_new] = numbers_.emplace(name, static_cast<uint32_t>(program_.symbols.size()));
    if (is_new) program_.symbols.emplace_back(name);
    return at->second;
}

Result<Done> Parser::run() {
    program_.loop = symbol("loop");
    program_.caller = symbol("caller");
    program_.varargs = symbol("varargs");
    program_.kwargs = symbol("kwargs");
    program_.body = TRY(body({}));
    return Done{};
}

// Statements up to a tag that begins with one of `ends`, which stays to be read; without `ends` up
// to the end of the template.
Result<Body> Parser::body(Names ends) {
    Restore nesting{nesting_, nesting_};
    Body out;
    for (;;) {
        const Token& token = current();
        switch (token.type) {
            case Type::Data: {
                Statement data{Statement::Kind::Data, token.offset};
                data.data = Value(std::make_shared<const Text>(nullptr, next().text, false));
                out.push_back(std::move(data));
                break;
            }
            case Type::VariableBegin: {
                Statement print{Statement::Kind::Print, next().offset};
                print.value = TRY(tuple({}));
                TRY(expect(Type::VariableEnd));
                out.push_back(std::move(print));
                break;
            }
            case Type::BlockBegin:
                next();
                if (std::any_of(ends.begin(), ends.end(), [&](auto end) { return is_name(end); }))
                    return out;
                TRY(one_statement(out));
                TRY(expect(Type::BlockEnd));
                break;
            default:
                if (ends.size() == 0) return out;
                return unexpected(cat("'", *(ends.end() - 1), "'"));
        }
    }
}

// The rest of a tag's line, then its body.
Result<Body> Parser::tag_body(Names ends) {
    skip_sign(":");
    TRY(expect(Type::BlockEnd));
    if (++nesting_ > bodies_max)
        return error(cat("blocks nest deeper than ", bodies_max), current().offset);
    Body out = TRY(body(ends));
    nesting_--;
    return out;
}

Result<Done> Parser::one_statement(Body& out) {
    struct Tag {
        std::string_view name;
        Result<Statement> (Parser::*parse)(uint32_t offset);
    };
    static constexpr Tag tags[] = {
        {"for", &Parser::for_loop},
        {"if", &Parser::if_else},
        {"set", &Parser::set},
        {"with", &Parser::with},
        {"macro", &Parser::macro},
        {"call", &Parser::call_block},
        {"filter", &Parser::filter_block},
        {"generation", &Parser::generation},
    };
    uint32_t offset = current().offset;
    std::string name = TRY(expect_identifier());
    for (const Tag& tag : tags) {
        if (tag.name != name) continue;
        out.push_back(TRY((this->*tag.parse)(offset)));
        return Done{};
    }
    if (name == "print") return print_tag(out, offset);
    if (name == "break" || name == "continue") {
        if (loops_ == 0) return error(cat("'", name, "' stands outside of a loop"), offset);
        out.push_back(
            {name == "break" ? Statement::Kind::Break : Statement::Kind::Continue, offset});
        return Done{};
    }
    static constexpr std::string_view refused[] = {
        "block", "extends", "include", "import", "from", "autoescape", "do", "trans", "debug"};
    bool known = std::find(std::begin(refused), std::end(refused), name) != std::end(refused);
    std::string shown = printable(name, 80);
    if (known)
        return error(cat("the tag '", shown, "' is not supported in chat templates"), offset,
                     Code::Unsupported);
    return error(
        cat("there is no tag '", shown, "'", name.starts_with("end") ? " to be ended" : ""),
        offset);
}

Result<Done> Parser::print_tag(Body& out, uint32_t offset) {
    for (bool first = true; current().type != Type::BlockEnd; first = false) {
        if (!first) TRY(expect_sign(","));
        Statement print{Statement::Kind::Print, offset};
        print.value = TRY(expression());
        out.push_back(std::move(print));
    }
    return Done{};
}

Result<Statement> Parser::for_loop(uint32_t offset) {
    Statement loop{Statement::Kind::For, offset};
    loop.target = TRY(target("in", false));
    TRY(expect_name("in"));
    loop.value = TRY(tuple({.conditional = false, .end_name = "recursive"}));
    if (skip_name("if")) loop.condition = TRY(expression());
    loop.recursive = skip_name("recursive");
    loops_++;
    loop.body = TRY(tag_body({"else", "endfor"}));
    loops_--;
    if (next().text == "else") {
        loop.other = TRY(tag_body({"endfor"}));
        next();
    }
    return loop;
}

Result<Statement> Parser::if_else(uint32_t offset) {
    Statement out{Statement::Kind::If, offset};
    Restore conditions{conditions_, conditions_};
    conditions_++;
    for (;;) {
        Branch branch{TRY(tuple({.conditional = false})), {}};
        branch.body = TRY(tag_body({"elif", "else", "endif"}));
        out.branches.push_back(std::move(branch));
        const Token& end = next();
        if (end.text == "elif") continue;
        if (end.text == "endif") return out;
        Branch other{nullptr, TRY(tag_body({"endif"}))};
        out.branches.push_back(std::move(other));
        next();
        return out;
    }
}

Result<Statement> Parser::set(uint32_t offset) {
    Target target = TRY(this->target("", true));
    if (skip_sign("=")) {
        Statement out{Statement::Kind::Set, offset};
        out.target = std::move(target);
        out.value = TRY(tuple({}));
        return out;
    }
    Statement out{Statement::Kind::SetBlock, offset};
    out.target = std::move(target);
    if (skip_sign("|")) out.value = TRY(filter_chain());
    out.body = TRY(tag_body({"endset"}));
    next();
    return out;
}

Result<Statement> Parser::with(uint32_t offset) {
    Statement out{Statement::Kind::With, offset};
    while (current().type != Type::BlockEnd && !is_sign(":")) {
        if (!out.targets.empty()) TRY(expect_sign(","));
        out.targets.push_back(TRY(single_target(false)));
        TRY(expect_sign("="));
        out.values.push_back(TRY(expression()));
    }
    out.body = TRY(tag_body({"endwith"}));
    next();
    return out;
}

Result<Statement> Parser::macro(uint32_t offset) {
    Statement out{Statement::Kind::Macro, offset};
    out.macro = std::make_unique<MacroDefinition>();
    out.macro->offset = offset;
    out.macro->name = TRY(expect_identifier());
    out.macro->symbol = symbol(out.macro->name);
    TRY(signature(*out.macro));
    TRY(macro_body(*out.macro, "endmacro"));
    return out;
}

Result<Statement> Parser::call_block(uint32_t offset) {
    Statement out{Statement::Kind::CallBlock, offset};
    out.macro = std::make_unique<MacroDefinition>();
    out.macro->offset = offset;
    if (is_sign("(")) TRY(signature(*out.macro));
    auto call = TRY(expression());
    if (call->op != Op::Call) return error("expected a call", call->offset);
    out.value = std::move(call);
    TRY(macro_body(*out.macro, "endcall"));
    return out;
}

Result<Statement> Parser::filter_block(uint32_t offset) {
    Statement out{Statement::Kind::FilterBlock, offset};
    out.value = TRY(filter_chain());
    out.body = TRY(tag_body({"endfilter"}));
    next();
    return out;
}

// Marks what an assistant wrote, for training; here it prints what it holds.
Result<Statement> Parser::generation(uint32_t offset) {
    Statement out{Statement::Kind::Scope, offset};
    Restore loops{loops_, loops_};
    loops_ = 0;
    out.body = TRY(tag_body({"endgeneration"}));
    next();
    return out;
}

Result<Done> Parser::signature(MacroDefinition& macro) {
    TRY(expect_sign("("));
    while (!is_sign(")")) {
        if (!macro.parameters.empty()) TRY(expect_sign(","));
        uint32_t offset = current().offset;
        Parameter parameter{0, TRY(expect_identifier()), nullptr};
        parameter.symbol = symbol(parameter.name);
        for (const Parameter& other : macro.parameters)
            if (other.name == parameter.name)
                return error(cat("the parameter '", parameter.name, "' is repeated"), offset);
        if (skip_sign("="))
            parameter.other = TRY(expression());
        else if (!macro.parameters.empty() && macro.parameters.back().other)
            return error("a parameter without default follows one with default", offset);
        macro.parameters.push_back(std::move(parameter));
    }
    next();
    return Done{};
}

Result<Done> Parser::macro_body(MacroDefinition& macro, std::string_view end) {
    Restore loops{loops_, loops_};
    loops_ = 0;
    macros_.push_back(&macro);
    macro.body = TRY(tag_body({end}));
    macros_.pop_back();
    next();
    for (const Parameter& parameter : macro.parameters) {
        if (parameter.name == "varargs") macro.uses_varargs = false;
        if (parameter.name == "kwargs") macro.uses_kwargs = false;
        if (parameter.name != "caller") continue;
        if (macro.uses_caller && !parameter.other)
            return error("a parameter 'caller' must have a default", macro.offset);
        macro.uses_caller = false;
    }
    return Done{};
}

Result<Target> Parser::target(std::string_view end_name, bool attributes) {
    Target out;
    out.offset = current().offset;
    auto ends = [&] {
        return current().type == Type::BlockEnd || is_sign("=") || is_sign(")") ||
               (!end_name.empty() && is_name(end_name));
    };
    while (!ends()) {
        out.parts.push_back(TRY(single_target(attributes)));
        if (!skip_sign(",")) break;
        out.is_tuple = true;
    }
    if (out.is_tuple) return out;
    if (out.parts.empty()) return unexpected("a name");
    Target single = std::move(out.parts[0]);
    return single;
}

Result<Target> Parser::single_target(bool attributes) {
    if (++nesting_ > bodies_max)
        return error(cat("targets nest deeper than ", bodies_max), current().offset);
    Restore nesting{nesting_, nesting_ - 1};
    if (skip_sign("(")) {
        Target out = TRY(target("", attributes));
        TRY(expect_sign(")"));
        return out;
    }
    Target out;
    out.offset = current().offset;
    std::string name = TRY(expect_identifier());
    static constexpr std::string_view constants[] = {"true",  "True", "false",
                                                     "False", "none", "None"};
    if (std::find(std::begin(constants), std::end(constants), name) != std::end(constants) ||
        (name == "loop" && !attributes))
        return error(cat("'", name, "' cannot be assigned to"), out.offset);
    out.symbol = symbol(name);
    if (attributes && skip_sign(".")) out.attribute = TRY(expect_identifier());
    return out;
}

Result<std::unique_ptr<const Program>> parse_program(std::string_view source) {
    auto program = std::make_unique<Program>();
    program->source = normalized_source(source);
    auto tokens = TRY(tokenize(program->source));
    TRY(Parser(*program, std::move(tokens)).run());
    return std::unique_ptr<const Program>(std::move(program));
}

}  // namespace linnet::jinja
