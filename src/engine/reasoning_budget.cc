#include "engine/reasoning_budget.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

ReasoningBudget::ReasoningBudget(uint32_t tokens_max, std::string_view prompt_text,
                                 const TokenRequest& request)
    : tokens_max_(tokens_max),
      request_(request),
      opening_(prompt_text),
      inside_(ends_in_reasoning(prompt_text)) {}

bool ReasoningBudget::spent(int32_t token, std::string_view text,
                            std::span<const OutputEvent> parts) {
    if (!tokens_max_) return false;
    answer_.push_back(token);
    if (!inside_) opening_ += text;
    for (const OutputEvent& part : parts) {
        inside_ = part.kind == OutputEvent::Kind::Reasoning;
        if (inside_) continue;
        tokens_max_.reset();  // a model reasons before it answers, and not again
        return false;
    }
    return inside_ && ++reasoned_ >= *tokens_max_;
}

std::string ReasoningBudget::closing() const {
    std::string_view close = reasoning_close(opening_);
    return cat("\n", close.empty() ? "</think>" : close, "\n\n");
}

TokenRequest ReasoningBudget::rest(std::span<const int32_t> closing_tokens) {
    tokens_max_.reset();
    TokenRequest rest = request_;
    rest.prompt.insert(rest.prompt.end(), answer_.begin(), answer_.end());
    rest.prompt.insert(rest.prompt.end(), closing_tokens.begin(), closing_tokens.end());
    auto used = static_cast<uint32_t>(answer_.size());
    if (rest.tokens_max > 0) rest.tokens_max = std::max(rest.tokens_max, used + 1) - used;
    return rest;
}

RunStats ReasoningBudget::joined(RunStats last) const {
    if (!before_) return last;
    RunStats all = *before_;
    all.answer_tokens = answer_.size() + last.answer_tokens;
    all.drafted_tokens += last.drafted_tokens;
    all.accepted_tokens += last.accepted_tokens;
    all.dropped_tokens += last.dropped_tokens;
    all.answer_s += last.queued_s + last.prompt_s + last.answer_s;
    return all;
}

}  // namespace linnet
