// The feed-forward block: down(act(gate(x)) * up(x)) (Shazeer 2020), or down(act(up(x))) where
// there is no gate.
#pragma once

#include <optional>

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

enum class Activation { Silu, Gelu, GeluErf };

// out = f(gate) * up, of n values
using ActivationLoop = void (*)(const float* gate, const float* up, float* out, size_t n);
ActivationLoop activation_of(const Kernels& kernels, Activation activation);

class Mlp final : public Block {
  public:
    struct Parts {
        Norm norm, post_norm;   // of what comes in, and of what is added; empty where there is none
        Linear gate, up, down;  // the gate without rows where the model has none
        Activation activation = Activation::Silu;
        float gate_scale = 1;
        // Of each token's gates only what lies so many deviations above their mean counts, less
        // that bound; nothing where all do.
        std::optional<float> sparsity;
        float residual_scale = 1;
    };
    explicit Mlp(Parts parts) : p_(std::move(parts)), dim_(p_.down.rows()), hidden_(p_.up.rows()) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    void thin_out(const Pass& pass, float* gate) const;

    Parts p_;
    size_t dim_, hidden_;
};

}  // namespace linnet
