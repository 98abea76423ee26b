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
    return {.shared_per_token = 2 * dim_ + 2 * hidden_ + Operand::block_floats(dim_) +
                                Operand::block_floats(hidden_),
            .own = common_own(dim_) + 2 * Matrix::panel_rows * std::max(dim_, hidden_)};
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
    Operand x = common_input(pass, p_.norm, dim_);
    float* gate = pass.shared(tokens * hidden_);
    float* up = pass.shared(tokens * hidden_);
    ActBlock* gate_blocks = pass.blocks(hidden_);
    const Linear& inner = gated ? p_.gate : p_.up;
    auto activate = activation_of(pass.kernels, p_.activation);
    // Whole int8 blocks, so that who computes one quantizes it.
    pass.share(hidden_, pack_columns, [&](size_t begin, size_t end) {
        inner.run(pass, x, begin, end, gate, hidden_, pass.own());
        if (gated) p_.up.run(pass, x, begin, end, up, hidden_, pass.own());
        for (size_t t = 0; t < tokens && !p_.sparsity; t++) {
            size_t at = t * hidden_ + begin;
            for (size_t i = at; i < at + end - begin && p_.gate_scale != 1; i++)
                gate[i] *= p_.gate_scale;
            activate(gate + at, gated ? up + at : nullptr, gate + at, end - begin);
            if (gate_blocks)
                pass.kernels.quantize_activations(gate + at, (end - begin) / pack_columns,
                                                  gate_blocks + at / pack_columns);
        }
    });
    pass.barrier();
    if (p_.sparsity) {  // a token's whole row says what of it stays
        pass.share(tokens, 1, [&](size_t begin, size_t end) {
            for (size_t t = begin; t < end; t++) {
                float* row = gate + t * hidden_;
                thin_out(pass, row);
                activate(row, up + t * hidden_, row, hidden_);
            }
            pass.quantize(gate, hidden_, gate_blocks, begin, end);
        });
        pass.barrier();
    }
    add_output(pass, {p_.down, p_.post_norm, p_.residual_scale}, {gate, gate_blocks},
               pass.shared(tokens * dim_));
}

}  // namespace linnet
