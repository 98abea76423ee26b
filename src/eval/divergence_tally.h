// What a token's two predictions tell, and what those of many tokens come to. Internal to eval.
#pragma once

#include <span>
#include <vector>

#include "eval/divergence.h"
#include "kernels/kernels.h"

namespace linnet {

struct TokenDivergence {
    double divergence = 0;
    double surprise = 0, reference_surprise = 0;  // of the token that comes next
    bool same_top = false;
};

// Of a model's logits and a reference's over the same tokens; both are changed. REQUIRES:
// next < model.size() == reference.size().
TokenDivergence compare_logits(const Kernels& kernels, std::span<float> model,
                               std::span<float> reference, size_t next);

class DivergenceTally {
  public:
    void add(const TokenDivergence& outcome) {
        divergences_.push_back(static_cast<float>(outcome.divergence));
        sum_ += outcome.divergence;
        squares_ += outcome.divergence * outcome.divergence;
        surprise_ += outcome.surprise;
        reference_surprise_ += outcome.reference_surprise;
        same_ += outcome.same_top;
    }
    size_t count() const { return divergences_.size(); }
    // REQUIRES: count() > 0.
    Divergence result(size_t chunks);

  private:
    double percentile(double share) const;

    std::vector<float> divergences_;
    double sum_ = 0, squares_ = 0, surprise_ = 0, reference_surprise_ = 0;
    size_t same_ = 0;
};

}  // namespace linnet
