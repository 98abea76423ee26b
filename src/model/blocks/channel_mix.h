// RWKV's feed-forward: value(relu(key(blend))^2) of each token blended with the one before it.
#pragma once

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

class ChannelMix final : public Block {
  public:
    struct Parts {
        Norm norm;
        std::vector<float> blend;  // (dim): how much of the token before
        Linear key, value;         // (hidden, dim), (dim, hidden)
    };
    explicit ChannelMix(Parts parts)
        : p_(std::move(parts)), dim_(p_.value.rows()), hidden_(p_.key.rows()) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    size_t state_floats() const override { return dim_; }  // the normed token before

  private:
    Parts p_;
    size_t dim_, hidden_;
};

}  // namespace linnet
