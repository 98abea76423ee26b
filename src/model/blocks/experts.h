// A mixture of experts: each token passes through the few feed-forward networks that a router
// chooses for it, and their outputs are weighed by the router's probabilities (Shazeer et al. 2017,
// Jiang et al. 2024).
#pragma once

#include "model/blocks/mlp.h"

namespace linnet {

class Experts final : public Block {
  public:
    struct Expert {
        Linear gate, up, down;
    };
    struct Parts {
        Norm norm;
        Linear router;  // (experts, dim)
        std::vector<Expert> experts;
        size_t used = 1;        // experts of one token
        bool normalize = true;  // the weights of those used add up to one; else softmax over all
        Activation activation = Activation::Silu;
        float residual_scale = 1;
    };
    explicit Experts(Parts parts);

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    struct Routes;
    struct Rows;
    void route(Pass& pass, Operand normed, Routes& routes) const;
    void choose(const float* scores, uint32_t* chosen, float* weights) const;
    void sort(size_t tokens, Routes& routes) const;
    void find_runs(const Pass& pass, Routes& routes) const;
    void gather(Pass& pass, const float* normed, const Routes& routes, Rows& rows) const;
    void transform(Pass& pass, const Routes& routes, Rows& rows) const;
    void combine(Pass& pass, const Routes& routes, const float* out) const;

    Parts p_;
    size_t dim_, hidden_, count_;
};

}  // namespace linnet
