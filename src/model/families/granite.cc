// Granite 3: Llama whose embeddings, scores, residuals and logits each have a factor (IBM 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"embedding_scale", "embedding_multiplier"},
    {"attention.scale", "attention_multiplier"},
    {"residual_scale", "residual_multiplier"},
    {"logit_scale", "logits_scaling"},  // divides
};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.gguf_pairs = RopePairs::Neighbours}));
    decoder.model.embedding_scale = TRY(source.float_or("embedding_scale", 1));
    float divisor = TRY(source.float_or("logit_scale", 1));
    if (divisor == 0) return Error{Code::BadInput, "the model's logits are divided by zero"};
    decoder.model.logit_scale = 1 / divisor;
    float residual = TRY(source.float_or("residual_scale", 1));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        attention.scale = TRY(source.float_or("attention.scale", attention.scale));
        attention.residual_scale = residual;
        decoder.add(std::move(attention));
        auto mlp = TRY(decoder.mlp(layer));
        mlp.residual_scale = residual;
        decoder.add(std::move(mlp));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family granite_family{"granite", build, names};

}  // namespace linnet
