// The gated feed-forward block: down(act(gate(x)) * up(x)) (Shazeer 2020).
#pragma once

#include "model/matrix.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

enum class Activation { Silu, Gelu };

class Mlp final : public Block {
  public:
    struct Parts {
        Norm norm;
        Linear gate, up, down;
        Activation activation = Activation::Silu;
        float residual_scale = 1;
    };
    explicit Mlp(Parts parts) : p_(std::move(parts)), dim_(p_.down.rows()), hidden_(p_.up.rows()) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    Parts p_;
    size_t dim_, hidden_;
};

}  // namespace linnet
