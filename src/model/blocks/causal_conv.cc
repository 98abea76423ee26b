#include "model/blocks/causal_conv.h"

#include <algorithm>

namespace linnet {

void CausalConv::run(Rows in, Rows out, size_t tokens, size_t begin, size_t end,
                     float* state) const {
    const size_t before = kernel - 1;
    // The token `back` before token t, in the state where it is older than this stretch.
    auto source = [&](size_t t, size_t back) -> const float* {
        return t >= back ? in.row(t - back) : state + (before + t - back) * channels;
    };
    for (size_t t = 0; t < tokens; t++) {
        float* y = out.row(t);
        for (size_t c = begin; c < end; c++) y[c] = bias.empty() ? 0 : bias[c];
        for (size_t k = 0; k < kernel; k++) {
            const float *x = source(t, before - k), *tap = taps.data() + k * channels;
            for (size_t c = begin; c < end; c++) y[c] += x[c] * tap[c];
        }
    }
    // Row r becomes what lies before - r tokens behind the end; none is read after it was written.
    for (size_t r = 0; r < before; r++) {
        const float* from = source(tokens, before - r);
        std::copy(from + begin, from + end, state + r * channels + begin);
    }
}

}  // namespace linnet
