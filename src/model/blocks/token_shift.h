// RWKV's blend of each token with the one before it. The state is the last token, (dim).
#pragma once

#include <algorithm>

#include "model/blocks/activations.h"

namespace linnet {

struct TokenShift {
    size_t dim;

    // out = x + blend * (before - x), of this worker's tokens, with their blocks.
    void blend(const Pass& pass, const float* x, const float* blend, const Activations& out) const {
        pass.share(pass.tokens, 1, [&](size_t begin, size_t end) {
            pass.each_run([&](const Run& run, size_t first) {
                for (size_t t = std::max(first, begin);
                     t < std::min(first + run.tokens.size(), end); t++) {
                    const float* now = x + t * dim;
                    const float* before = t == first ? pass.state(run) : now - dim;
                    for (size_t d = 0; d < dim; d++)
                        out.x[t * dim + d] = now[d] + blend[d] * (before[d] - now[d]);
                }
            });
            out.quantize(pass, begin, end);
        });
    }
    // Keeps the last token of each run. REQUIRES: nobody blends any more.
    void remember(const Pass& pass, const float* x) const {
        size_t index = 0;
        pass.each_run([&](const Run& run, size_t first) {
            pass.share_one(index++, [&] {
                std::copy_n(x + (first + run.tokens.size() - 1) * dim, dim, pass.state(run));
            });
        });
    }
};

}  // namespace linnet
