// Gemma 3n's learned residual (Menghani et al. 2024, LAuReL): what comes in passes beside the block
// as it is and through a narrow pair of matrices. Then the stream is scaled.
#pragma once

#include "model/linear.h"
#include "model/norm.h"
#include "model/pass.h"

namespace linnet {

// x = (x + n + post_norm(right(left(n)))) * scale, where n = norm(input).
class Laurel final : public Block {
  public:
    struct Parts {
        Norm norm, post_norm;
        Linear left, right;  // (rank, dim), (dim, rank)
        float scale = 1;
    };
    explicit Laurel(Parts parts)
        : p_(std::move(parts)), dim_(p_.right.rows()), rank_(p_.left.rows()) {}

    void run(Pass& pass) const override;
    ScratchNeed scratch() const override;

  private:
    Parts p_;
    size_t dim_, rank_;
};

}  // namespace linnet
