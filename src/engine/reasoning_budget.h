// Bounds how long a model reasons before it answers: what it thinks is counted, and when that was
// enough, the reasoning is closed in its own form and the model goes on with the answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "text/dialect.h"

namespace linnet {

// Of one answer. Not thread-safe.
class ReasoningBudget {
  public:
    ReasoningBudget() = default;  // without a bound
    ReasoningBudget(uint32_t tokens_max, std::string_view prompt_text, const TokenRequest& request);

    // A token came with this text, and these parts became certain by it. True where the reasoning
    // shall end now.
    bool spent(int32_t token, std::string_view text, std::span<const OutputEvent> parts);

    // What closes it, as text; and the request that goes on behind the tokens of that text.
    std::string closing() const;
    TokenRequest rest(std::span<const int32_t> closing_tokens);
    // The numbers of the whole answer, from those of what came before closing and after.
    void set_before(const RunStats& stats) { before_ = stats; }
    RunStats joined(RunStats last) const;

  private:
    std::optional<uint32_t> tokens_max_;
    TokenRequest request_;
    std::vector<int32_t> answer_;
    std::string opening_;  // text that holds the marker which opened the reasoning
    uint32_t reasoned_ = 0;
    bool inside_ = false;
    std::optional<RunStats> before_;
};

}  // namespace linnet
