// Granite 3: Llama whose embeddings, scores, residuals and logits each have a factor (IBM 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"
#include "model/families/granite_factors.h"

namespace linnet {
namespace {

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.gguf_pairs = RopePairs::Neighbours}));
    GraniteFactors factors = TRY(read_granite_factors(source, decoder));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        factors.apply_to(attention);
        decoder.add(std::move(attention));
        auto mlp = TRY(decoder.mlp(layer));
        mlp.residual_scale = factors.residual;
        decoder.add(std::move(mlp));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family granite_family{"granite", build};

}  // namespace linnet
