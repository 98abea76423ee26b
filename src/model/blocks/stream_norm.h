// Norms the residual stream itself: what BERT does to embeddings, and behind each block.
#pragma once

#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

class StreamNorm final : public Block {
  public:
    explicit StreamNorm(Norm norm) : norm_(std::move(norm)) {}

    // x = norm(x)
    void run(Pass& pass) const override {
        const size_t dim = norm_.size();
        pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
            for (size_t t = begin; t < end; t++)
                norm_.run(pass.kernels, pass.x + t * dim, pass.x + t * dim);
        });
        pass.barrier();
    }
    ScratchNeed scratch() const override { return {}; }

  private:
    Norm norm_;
};

}  // namespace linnet
