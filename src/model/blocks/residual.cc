#include "model/blocks/residual.h"

#include <algorithm>

namespace linnet {

static void norm_tokens(const Pass& pass, const Norm& norm, size_t dim, float* normed,
                        ActBlock* blocks, size_t begin, size_t end) {
    if (norm.size() == 0)
        std::copy(pass.input + begin * dim, pass.input + end * dim, normed + begin * dim);
    for (size_t t = begin; t < end && norm.size() > 0; t++)
        norm.run(pass.kernels, pass.input + t * dim, normed + t * dim);
    pass.quantize(normed, dim, blocks, begin, end);
}

void norm_input(const Pass& pass, const Norm& norm, size_t dim, float* normed, ActBlock* blocks) {
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        norm_tokens(pass, norm, dim, normed, blocks, begin, end);
    });
}

Operand common_input(Pass& pass, const Norm& norm, size_t dim) {
    float* normed = pass.common(pass.tokens * dim);
    ActBlock* blocks = pass.common_blocks(dim);
    pass.fill_common([&](size_t begin, size_t end) {
        norm_tokens(pass, norm, dim, normed, blocks, begin, end);
    });
    return {normed, blocks};
}

void add_output(Pass& pass, const ResidualOutput& output, Operand from, float* out) {
    const size_t dim = output.linear.rows();
    const bool normed = output.post_norm.size() > 0;
    auto add = [&](size_t token, size_t begin, size_t end) {
        size_t at = token * dim + begin;
        pass.kernels.add_scaled_f32(pass.x + at, out + at, output.scale, end - begin);
    };
    pass.share(dim, Matrix::panel_rows, [&](size_t begin, size_t end) {
        output.linear.run(pass, from, begin, end, out, dim, pass.own());
        for (size_t t = 0; t < pass.tokens && !normed; t++) add(t, begin, end);
    });
    pass.barrier();
    if (!normed) return;
    pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
        for (size_t t = begin; t < end; t++) {
            output.post_norm.run(pass.kernels, out + t * dim, out + t * dim);
            add(t, 0, dim);
        }
    });
    pass.barrier();
}

}  // namespace linnet
