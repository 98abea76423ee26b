#include "model/blocks/laurel.h"

#include <algorithm>

#include "model/blocks/activations.h"
#include "model/blocks/residual.h"

namespace linnet {

ScratchNeed Laurel::scratch() const {
    return {.shared_per_token = Activations::floats(dim_) + Activations::floats(rank_) + dim_,
            .own = Matrix::panel_rows * std::max(dim_, rank_)};
}

void Laurel::run(Pass& pass) const {
    Activations normed = Activations::take(pass, dim_), low = Activations::take(pass, rank_);
    float* out = pass.shared(pass.tokens * dim_);
    norm_input(pass, p_.norm, dim_, normed.x, normed.blocks);
    pass.barrier();
    const Product left[] = {{&p_.left, normed.operand(), low.x}};
    multiply_all(pass, left);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) { low.quantize(pass, begin, end); });
    pass.barrier();
    const Product right[] = {{&p_.right, low.operand(), out}};
    multiply_all(pass, right);
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            float *x = pass.x + t * dim_, *y = out + t * dim_;
            p_.post_norm.run(pass.kernels, y, y);
            for (size_t d = 0; d < dim_; d++)
                x[d] = (x[d] + normed.x[t * dim_ + d] + y[d]) * p_.scale;
        }
    });
    pass.barrier();
}

}  // namespace linnet
