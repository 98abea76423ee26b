#include "model/blocks/mlp.h"

#include <algorithm>

namespace linnet {

ScratchNeed Mlp::scratch() const {
    return {.shared_per_token =
                dim_ + 2 * hidden_ + Operand::block_floats(dim_) + Operand::block_floats(hidden_),
            .own = Matrix::panel_rows * std::max(dim_, hidden_)};
}

void Mlp::run(Pass& pass) const {
    size_t tokens = pass.tokens;
    float* normed = pass.shared(tokens * dim_);
    float* gate = pass.shared(tokens * hidden_);
    float* up = pass.shared(tokens * hidden_);
    ActBlock* normed_blocks = pass.blocks(dim_);
    ActBlock* gate_blocks = pass.blocks(hidden_);
    pass.share(tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++)
            p_.norm.run(pass.kernels, pass.x + t * dim_, normed + t * dim_);
        pass.quantize(normed, dim_, normed_blocks, begin, end);
    });
    pass.barrier();
    pass.share(hidden_, Matrix::panel_rows, [&](size_t begin, size_t end) {
        p_.gate.run(pass.kernels, {normed, normed_blocks}, tokens, begin, end, gate, hidden_,
                    pass.own());
        p_.up.run(pass.kernels, {normed, normed_blocks}, tokens, begin, end, up, hidden_,
                  pass.own());
        auto multiply = p_.activation == Activation::Silu ? pass.kernels.silu_mul_f32
                                                          : pass.kernels.gelu_mul_f32;
        for (size_t t = 0; t < tokens; t++) {
            size_t at = t * hidden_ + begin;
            multiply(gate + at, up + at, gate + at, end - begin);
        }
    });
    pass.barrier();
    pass.share(tokens, 1, [&](size_t begin, size_t end) {
        pass.quantize(gate, hidden_, gate_blocks, begin, end);
    });
    pass.barrier();
    float* out = normed;  // no longer needed
    pass.share(dim_, Matrix::panel_rows, [&](size_t begin, size_t end) {
        p_.down.run(pass.kernels, {gate, gate_blocks}, tokens, begin, end, out, dim_, pass.own());
        for (size_t t = 0; t < tokens; t++)
            pass.kernels.add_scaled_f32(pass.x + t * dim_ + begin, out + t * dim_ + begin,
                                        p_.residual_scale, end - begin);
    });
    pass.barrier();
}

}  // namespace linnet
