// Normalization in front of a block: root mean square (Zhang and Sennrich 2019), or mean and
// variance with a bias.
#pragma once

#include <vector>

#include "kernels/kernels.h"

namespace linnet {

struct Norm {
    std::vector<float> weight;
    std::vector<float> bias;  // empty where there is none
    float epsilon = 1e-5f;
    bool subtract_mean = false;

    size_t size() const { return weight.size(); }
    // out may be x.
    void run(const Kernels& kernels, const float* x, float* out) const;
};

}  // namespace linnet
