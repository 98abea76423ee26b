// A grammar as the constraint of an answer. Models that reason do so freely first; the grammar
// begins where the reasoning ends.
#pragma once

#include <optional>
#include <string>

#include "engine/constraint.h"
#include "grammar/matcher.h"

namespace linnet {

class GrammarConstraint final : public Constraint {
  public:
    // How the model marks its reasoning.
    struct Reasoning {
        bool starts_inside = false;  // the prompt opened it
        TokenId open = no_token;     // the token that opens it; none: it cannot be opened
        TokenId close = no_token;    // and that closes it, if one token does
        std::string close_text{};
    };
    GrammarConstraint(std::shared_ptr<const TokenGrammar> grammar, Reasoning reasoning);

    std::span<const uint64_t> allowed(size_t tokens_left) override;
    void accept(int32_t token) override;
    std::vector<int32_t> foreseen(size_t most) override;
    bool is_done() const override { return phase_ == Phase::Answer && matcher_->is_done(); }

    // The reasoning has been closed by somebody else.
    void begin_answer();

  private:
    enum class Phase { MayReason, Reasoning, Answer };

    std::shared_ptr<const TokenGrammar> grammar_;
    Reasoning reasoning_;
    Phase phase_;
    std::optional<Matcher> matcher_;
    TokenMask mask_;    // of the first token, and while the model reasons
    std::string tail_;  // of the reasoning, in which its end may have begun
};

}  // namespace linnet
