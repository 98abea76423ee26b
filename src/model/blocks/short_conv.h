// LFM2's convolution in place of attention: what comes in is gated, convolved over a few tokens,
// and gated again (Liquid AI 2025).
#pragma once

#include "model/blocks/causal_conv.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

class ShortConv final : public Block {
  public:
    struct Parts {
        Norm norm;
        Linear input;  // (3 * dim, dim): the gate before, the gate behind, the values
        CausalConv conv;
        Linear output;  // (dim, dim)
    };
    explicit ShortConv(Parts parts) : p_(std::move(parts)), dim_(p_.output.rows()) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    size_t state_floats() const override { return p_.conv.state_floats(); }

  private:
    Parts p_;
    size_t dim_;
};

}  // namespace linnet
