#include "model/norm.h"

#include <cmath>

namespace linnet {

void Norm::run(const Kernels& kernels, const float* x, float* out) const {
    size_t n = size();
    auto count = static_cast<float>(n);
    if (subtract_mean) {
        float mean = kernels.sum_f32(x, n) / count;
        for (size_t i = 0; i < n; i++) out[i] = x[i] - mean;
        x = out;
    }
    float scale = 1 / std::sqrt(kernels.sum_squares_f32(x, n) / count + epsilon);
    kernels.scale_f32(x, scale, weight.data(), out, n);
    if (!bias.empty()) kernels.add_scaled_f32(out, bias.data(), 1, n);
}

}  // namespace linnet
