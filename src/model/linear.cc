#include "model/linear.h"

#include "model/adapters/adapter.h"

namespace linnet {

void Linear::run(const Pass& pass, Operand x, size_t begin, size_t end, float* y, size_t y_stride,
                 float* scratch) const {
    pass.show(weight, x.x, pass.tokens, begin);
    run(pass.kernels, x, pass.tokens, begin, end, y, y_stride, scratch);
    if (!pass.adapted) return;
    pass.each_run([&](const Run& run, size_t first) {
        adapt(pass, run, x.x + first * weight.columns(), run.tokens.size(), {begin, end},
              y + first * y_stride, y_stride);
    });
}

void Linear::add_bias(const Kernels& kernels, size_t tokens, size_t begin, size_t end, float* y,
                      size_t y_stride) const {
    if (bias.empty()) return;
    for (size_t t = 0; t < tokens; t++)
        kernels.add_scaled_f32(y + t * y_stride + begin, bias.data() + begin, 1, end - begin);
}

void Linear::adapt(const Pass& pass, const Run& run, const float* x, size_t count,
                   LowRankUpdate::Rows rows, float* y, size_t y_stride) const {
    for (const AppliedAdapter& applied : run.adapters) {
        const Adapter::Change* change = applied.adapter->at(site);
        if (change && applied.scale != 0)
            change->update.add(pass.kernels, x, count, applied.scale * change->scale, rows, y,
                               y_stride, pass.adapter_room);
    }
}

}  // namespace linnet
