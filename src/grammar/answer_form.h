// What form an answer shall have, as requests name it, and the grammars made of it.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <variant>

#include "grammar/matcher.h"

namespace linnet {

struct JsonSchema {
    std::string text;
    bool operator==(const JsonSchema&) const = default;
};
struct Gbnf {
    std::string text;
    bool operator==(const Gbnf&) const = default;
};
struct RegexText {
    std::string text;
    bool operator==(const RegexText&) const = default;
};
// Nothing: any text.
using AnswerForm = std::variant<std::monostate, JsonSchema, Gbnf, RegexText>;

// Compiles forms for one vocabulary and keeps the latest. Thread-safe.
class AnswerForms {
  public:
    static constexpr size_t kept_max = 16;

    // The tokenizer must outlive it.
    explicit AnswerForms(const Tokenizer& tokenizer);

    // Usage where the form is wrong, with the place. REQUIRES: it is not nothing.
    Result<std::shared_ptr<const TokenGrammar>> grammar(const AnswerForm& form) const;

  private:
    struct Kept {
        AnswerForm form;
        std::shared_ptr<const TokenGrammar> grammar;
    };
    struct State {
        std::shared_ptr<const TokenTrie> trie;  // made when it is first needed
        std::list<Kept> kept;                   // the latest first
    };
    Result<std::shared_ptr<const TokenGrammar>> find_or_make(State& state,
                                                             const AnswerForm& form) const;

    const Tokenizer& tokenizer_;
    mutable BoundedQueue<State> state_{1};  // whoever has taken it owns it
};

}  // namespace linnet
