// SmolLM3: Llama where every fourth layer sees positions only by its mask (Yang et al. 2025, "Rope
// to Nope and Back Again").
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"no_rope_layers", "no_rope_layers"},  // 1 where there is a rotation
    {"no_rope_layer_step", "no_rope_layer_interval"},
};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.gguf_pairs = RopePairs::Neighbours}));
    auto rotation = TRY(decoder.rotation());
    uint32_t step = TRY(source.uint_or("no_rope_layer_step", 1, 1024, 4));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        bool usual = (layer + 1) % step != 0;
        if (TRY(source.uint_or("no_rope_layers", 0, 1, usual, layer)) == 1)
            attention.turn_by(rotation);
        attention.window = TRY(decoder.window(layer, 0));
        decoder.add(std::move(attention));
        decoder.add(TRY(decoder.mlp(layer)));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family smollm3_family{"smollm3", build, names};

}  // namespace linnet
