// OLMo 2: norms after each block and none before, queries and keys normed over all heads at once
// (Team OLMo 2024). OLMo 3 lets three of four layers see a window, and scales only the rotation of
// the others.
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"blk.#.post_attention_norm.weight", "model.layers.#.post_attention_layernorm.weight"},
    {"blk.#.post_ffw_norm.weight", "model.layers.#.post_feedforward_layernorm.weight"},
};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(
        source,
        {.norm_before = false, .norm_after = true, .query_key_norm = QueryKeyNorm::AllHeads}));
    float base = TRY(source.float_or("rope.freq_base", 500000));
    auto rotation = TRY(decoder.rotation());
    auto sliding = TRY(decoder.sliding_rotation(base));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.window = TRY(decoder.window(layer, 4));
        attention.turn_by(attention.window > 0 ? sliding : rotation);
        decoder.add(std::move(attention));
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family olmo2_family{"olmo2", build, names};

}  // namespace linnet
