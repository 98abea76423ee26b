// Two blocks that read the same residual stream and both add to it.
#pragma once

#include <memory>

#include "model/pass.h"

namespace linnet {

class SideBySide final : public Block {
  public:
    SideBySide(size_t dim, std::unique_ptr<Block> first, std::unique_ptr<Block> second)
        : dim_(dim), first_(std::move(first)), second_(std::move(second)) {
        check(first_->kv().heads == 0 || second_->kv().heads == 0, "one of two keeps keys");
    }

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;
    KvShape kv() const override { return first_->kv().heads > 0 ? first_->kv() : second_->kv(); }
    size_t state_floats() const override {
        return first_->state_floats() + second_->state_floats();
    }

  private:
    size_t dim_;
    std::unique_ptr<Block> first_, second_;
};

}  // namespace linnet
