#include "model/blocks/mlp.h"

#include <algorithm>
#include <cmath>

#include "model/blocks/residual.h"

namespace linnet {

ActivationLoop activation_of(const Kernels& kernels, Activation activation) {
    switch (activation) {
        case Activation::Silu:
            return kernels.silu_mul_f32;
        case Activation::Gelu:
            return kernels.gelu_mul_f32;
        case Activation::GeluErf:
            return kernels.gelu_erf_mul_f32;
    }
    fail("every activation has a kernel");
}

ScratchNeed Mlp::scratch() const {
    return {.shared_per_token =
                dim_ + 2 * hidden_ + Operand::block_floats(dim_) + Operand::block_floats(hidden_),
            .own = Matrix::panel_rows * std::max(dim_, hidden_)};
}

// gate = relu(gate - (mean + deviations * deviation)), of one token
void Mlp::thin_out(const Pass& pass, float* gate) const {
    auto count = static_cast<float>(hidden_);
    float mean = pass.kernels.sum_f32(gate, hidden_) / count, squares = 0;
    for (size_t i = 0; i < hidden_; i++) squares += (gate[i] - mean) * (gate[i] - mean);
    float bound = mean + *p_.sparsity * std::sqrt(squares / count);
    for (size_t i = 0; i < hidden_; i++) gate[i] = std::max(gate[i] - bound, 0.0f);
}

void Mlp::run(Pass& pass) const {
    const size_t tokens = pass.tokens;
    const bool gated = p_.gate.rows() > 0;
    float* normed = pass.shared(tokens * dim_);
    float* gate = pass.shared(tokens * hidden_);
    float* up = pass.shared(tokens * hidden_);
    ActBlock* normed_blocks = pass.blocks(dim_);
    ActBlock* gate_blocks = pass.blocks(hidden_);
    norm_input(pass, p_.norm, dim_, normed, normed_blocks);
    pass.barrier();
    auto activate = activation_of(pass.kernels, p_.activation);
    pass.share(hidden_, Matrix::panel_rows, [&](size_t begin, size_t end) {
        Operand x{normed, normed_blocks};
        const Linear& inner = gated ? p_.gate : p_.up;
        inner.run(pass.kernels, x, tokens, begin, end, gate, hidden_, pass.own());
        if (gated) p_.up.run(pass.kernels, x, tokens, begin, end, up, hidden_, pass.own());
        for (size_t t = 0; t < tokens && !p_.sparsity; t++) {
            size_t at = t * hidden_ + begin;
            for (size_t i = at; i < at + end - begin && p_.gate_scale != 1; i++)
                gate[i] *= p_.gate_scale;
            activate(gate + at, gated ? up + at : nullptr, gate + at, end - begin);
        }
    });
    pass.barrier();
    pass.share(tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end && p_.sparsity; t++) {
            float* row = gate + t * hidden_;
            thin_out(pass, row);
            activate(row, up + t * hidden_, row, hidden_);
        }
        pass.quantize(gate, hidden_, gate_blocks, begin, end);
    });
    pass.barrier();
    float* out = normed;  // no longer needed
    add_output(pass, {p_.down, p_.post_norm, p_.residual_scale}, {gate, gate_blocks}, out);
}

}  // namespace linnet
