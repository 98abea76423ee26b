#include "compress/smoothquant.h"

#include <algorithm>
#include <cmath>

namespace linnet {

Folding smooth(const Checkpoint& checkpoint, const ActivationRanges& ranges, double strength) {
    Folding out;
    for (const FedMatrices& fed : fed_matrices(checkpoint, false)) {
        auto range = ranges.find(fed.matrices[0]->name);
        if (range == ranges.end()) continue;
        std::vector<float> farthest(fed.columns);
        for (const Tensor* matrix : fed.matrices) {
            const std::vector<float> weights = folded_weights(*matrix, out);
            for (size_t i = 0; i < weights.size(); i++)
                farthest[i % fed.columns] =
                    std::max(farthest[i % fed.columns], std::fabs(weights[i]));
        }
        std::vector<float> factors(fed.columns, 1);
        for (size_t c = 0; c < factors.size(); c++) {
            const float x = range->second.farthest[c], w = farthest[c];
            if (!(x > 0 && w > 0)) continue;
            const double factor = std::pow(x, strength) / std::pow(w, 1 - strength);
            factors[c] = static_cast<float>(std::clamp(factor, 1e-4, 1e4));
        }
        for (const Tensor* matrix : fed.matrices) out.multiply_columns(matrix->name, factors);
        for (const Tensor* feeder : fed.feeders) out.divide_rows(feeder->name, factors);
    }
    return out;
}

}  // namespace linnet
