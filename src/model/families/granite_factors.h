// The factors that all Granite models have: of embeddings, scores, residuals and logits.
#pragma once

#include "model/families/decoder.h"

namespace linnet {

struct GraniteFactors {
    float attention = 0;  // of the scores; 0: the usual one
    float residual = 1;

    void apply_to(Attention::Parts& parts) const {
        if (attention != 0) parts.scale = attention;
        parts.residual_scale = residual;
    }
};

// Those of embeddings and logits go into the decoder's model.
Result<GraniteFactors> read_granite_factors(const Source& source, Decoder& decoder);

}  // namespace linnet
