#include "model/families/granite_factors.h"

namespace linnet {

Result<GraniteFactors> read_granite_factors(const Source& source, Decoder& decoder) {
    decoder.model.embedding_scale = TRY(source.float_or("embedding_scale", 1));
    float divisor = TRY(source.float_or("logit_scale", 1));
    if (divisor == 0) return Error{Code::BadInput, "the model's logits are divided by zero"};
    decoder.model.logit_scale = 1 / divisor;
    GraniteFactors factors;
    factors.attention = TRY(source.float_or("attention.scale", 0));
    factors.residual = TRY(source.float_or("residual_scale", 1));
    return factors;
}

}  // namespace linnet
