// Products in double precision, for matrices that are nearly singular.
#pragma once

#include <cstddef>

namespace linnet {

inline double dot(const double* a, const double* b, size_t n) {
    using Doubles = double __attribute__((vector_size(32)));
    Doubles sums{};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t lane = 0; lane < 4; lane++) sums[lane] += a[i + lane] * b[i + lane];
    double sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

}  // namespace linnet
