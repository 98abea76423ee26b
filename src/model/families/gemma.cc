// Gemma 2 and 3: norms before and after each block, embeddings scaled by the root of the width,
// layers with a sliding window between those that see all. Gemma 2 caps scores and logits softly;
// Gemma 3 norms queries and keys instead and turns the two kinds of layers by different bases
// (Gemma Team 2024, 2025).
#include <cmath>

#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"activation", "hidden_activation"},
    {"attention.query_scalar", "query_pre_attn_scalar"},
    {"attn_logit_softcapping", "attn_logit_softcapping"},
    {"final_logit_softcapping", "final_logit_softcapping"},
    {"rope.freq_base_swa", "rope_local_base_freq"},
    {"blk.#.post_attention_norm.weight", "model.layers.#.post_attention_layernorm.weight"},
    {"blk.#.ffn_norm.weight", "model.layers.#.pre_feedforward_layernorm.weight"},
    {"blk.#.post_ffw_norm.weight", "model.layers.#.post_feedforward_layernorm.weight"},
};

// A folder of a model of text and images names only what differs from these.
constexpr Usual usual[] = {
    {"attention.head_count", 8},     {"attention.head_count_kv", 4},
    {"attention.key_length", 256},   {"attention.layer_norm_rms_epsilon", 1e-6},
    {"attention.query_scalar", 256}, {"context_length", 131072},
    {"rope.freq_base", 1e6},
};

constexpr DecoderStyle gemma{
    .norm_after = true,
    .activation = Activation::Gelu,
    .folder_norm_offset = 1,  // norms are stored as what they differ from one
};

// 1 / sqrt(what queries are scaled by). GGUF files do not say it; it is the length of a head but in
// the largest model of each generation, which `large_layers` tells.
Result<float> score_scale(const Source& source, const DecoderSizes& s, uint32_t large_layers) {
    bool large = s.layers == large_layers;
    auto usual_scalar = static_cast<float>(large ? s.dim / s.heads : s.head_dim);
    float scalar = TRY(source.float_or("attention.query_scalar", usual_scalar));
    if (!(scalar > 0)) return Error{Code::BadInput, cat("queries are scaled by ", scalar)};
    return 1 / std::sqrt(scalar);
}

Result<float> soft_cap(const Source& source, std::string_view name, float other) {
    float cap = TRY(source.float_or(name, other));
    if (cap < 0) return Error{Code::BadInput, cat("the setting ", name, " is ", cap)};
    return cap;
}

Result<ModelParts> build_gemma2(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, gemma));
    const DecoderSizes& s = decoder.sizes();
    decoder.model.embedding_scale = std::sqrt(static_cast<float>(s.dim));
    decoder.model.logit_soft_cap = TRY(soft_cap(source, "final_logit_softcapping", 30));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < s.layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        attention.scale = TRY(score_scale(source, s, 46));
        attention.soft_cap = TRY(soft_cap(source, "attn_logit_softcapping", 50));
        attention.window = TRY(decoder.window(layer, 2));
        decoder.add(std::move(attention));
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

Result<ModelParts> build_gemma3(const Source& source) {
    DecoderStyle style = gemma;
    style.query_key_norm = QueryKeyNorm::Head;
    Decoder decoder = TRY(Decoder::read(source, style));
    const DecoderSizes& s = decoder.sizes();
    decoder.model.embedding_scale = std::sqrt(static_cast<float>(s.dim));
    decoder.model.logit_soft_cap = TRY(soft_cap(source, "final_logit_softcapping", 0));
    auto rotation = TRY(decoder.rotation());
    auto sliding = TRY(decoder.sliding_rotation(10000));
    for (uint32_t layer = 0; layer < s.layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.window = TRY(decoder.window(layer, 6));
        attention.turn_by(attention.window > 0 ? sliding : rotation);
        attention.scale = TRY(score_scale(source, s, 62));
        decoder.add(std::move(attention));
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family gemma2_family{"gemma2", build_gemma2, names, usual};
const Family gemma3_family{"gemma3", build_gemma3, names, usual};

}  // namespace linnet
