// Mamba 2: a state of fixed size for each head, faded and added to by every token (Dao and Gu 2024,
// equation 1 with a scalar times identity for A).
#pragma once

#include "model/blocks/causal_conv.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

class StateSpace final : public Block {
  public:
    // Factors of what the input projection gives, as models with scaled parts have them.
    struct Factors {
        float gate = 1, value = 1, write = 1, read = 1, step = 1;
        bool none() const {
            return gate == 1 && value == 1 && write == 1 && read == 1 && step == 1;
        }
    };
    struct Parts {
        Norm norm;
        Linear input;  // gate, value, write, read and step of each token, one behind the other
        Factors factors;
        CausalConv conv;                            // over value, write and read
        std::vector<float> step_bias, decay, skip;  // (heads); decay is negative
        float step_least = 0, step_most = 0;        // of the step; no bound where most is 0
        // Of each group after the gate; empty: only gated.
        Norm inner_norm;
        bool norm_before_gate = false;
        Linear output;  // (dim, inner)
        float residual_scale = 1;
        size_t heads = 0, head_dim = 0;
        size_t groups = 1, state = 0;  // `heads / groups` heads share what writes and reads

        size_t inner() const { return heads * head_dim; }
        size_t convolved() const { return inner() + 2 * groups * state; }
        size_t projected() const { return inner() + convolved() + heads; }
    };
    explicit StateSpace(Parts parts);

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    // The convolution's, then (heads, head_dim, state).
    size_t state_floats() const override { return p_.conv.state_floats() + p_.inner() * p_.state; }

  private:
    void scale(Pass& pass, float* projected) const;
    void convolve(Pass& pass, float* projected, float* mixed) const;
    void scan(Pass& pass, const float* projected, const float* mixed, float* y) const;
    float step_of(const float* projected, size_t head) const;
    void finish_token(const Pass& pass, const float* gate, float* y, float* scratch) const;

    Parts p_;
    size_t dim_;
};

}  // namespace linnet
