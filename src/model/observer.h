// Who wants to know what a model's matrices are multiplied with, as calibration does.
#pragma once

#include <cstddef>

#include "model/matrix.h"

namespace linnet {

class ActivationObserver {
  public:
    virtual ~ActivationObserver() = default;
    // x: (tokens, columns), once for each product with all of a matrix. Called while others work:
    // for two matrices possibly at the same time, for one never.
    virtual void see(const Matrix& weight, const float* x, size_t tokens) = 0;
};

}  // namespace linnet
