#include "model/blocks/short_conv.h"

#include "model/blocks/residual.h"

namespace linnet {

ScratchNeed ShortConv::scratch() const {
    return {.shared_per_token = 5 * dim_ + Operand::block_floats(dim_),
            .own = Matrix::panel_rows * dim_};
}

void ShortConv::run(Pass& pass) const {
    const size_t tokens = pass.tokens, width = 3 * dim_;
    float* normed = pass.shared(tokens * dim_);
    float* gated = pass.shared(tokens * width);
    float* mixed = pass.shared(tokens * dim_);
    ActBlock* blocks = pass.blocks(dim_);
    norm_input(pass, p_.norm, dim_, normed, blocks);
    pass.barrier();
    pass.share(width, Matrix::panel_rows, [&](size_t begin, size_t end) {
        p_.input.run(pass, {normed, blocks}, begin, end, gated, width, pass.own());
    });
    pass.barrier();
    pass.share(dim_, 16, [&](size_t begin, size_t end) {
        float *before = gated, *behind = gated + dim_, *values = gated + 2 * dim_;
        auto gate = [&](const float* by, float* of, size_t stride) {
            for (size_t t = 0; t < tokens; t++)
                for (size_t c = begin; c < end; c++) of[t * stride + c] *= by[t * width + c];
        };
        gate(before, values, width);
        pass.each_run([&](const Run& run, size_t first) {
            p_.conv.run({values + first * width, width}, {mixed + first * dim_, dim_},
                        run.tokens.size(), begin, end, pass.state(run));
        });
        gate(behind, mixed, dim_);
    });
    pass.barrier();
    pass.share(tokens, 1,
               [&](size_t begin, size_t end) { pass.quantize(mixed, dim_, blocks, begin, end); });
    pass.barrier();
    float* out = normed;  // no longer needed
    add_output(pass, {p_.output, {}, 1}, {mixed, blocks}, out);
}

}  // namespace linnet
