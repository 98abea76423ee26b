// Granite 4: layers of state space with a few of attention between them, which mostly see positions
// only by their mask; a feed-forward for all tokens, in larger models with experts beside it; the
// factors of Granite 3 (IBM 2025).
#include "model/blocks/side_by_side.h"
#include "model/families/decoder.h"
#include "model/families/family.h"
#include "model/families/granite_factors.h"
#include "model/families/state_space_parts.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"position_type", "position_embedding_type"},
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_shared_feed_forward_length", "shared_intermediate_size"},
    {"blk.#.ffn_gate_inp.weight", "model.layers.#.block_sparse_moe.router.layer.weight"},
    {"blk.#.ffn_gate_up_exps.weight", "model.layers.#.block_sparse_moe.input_linear.weight"},
    {"blk.#.ffn_down_exps.weight", "model.layers.#.block_sparse_moe.output_linear.weight"},
    {"blk.#.ffn_up.weight", "model.layers.#.shared_mlp.input_linear.weight"},
    {"blk.#.ffn_down.weight", "model.layers.#.shared_mlp.output_linear.weight"},
};

// A folder names its positions where it has any; a GGUF file has a flag, of an odd name, where not.
bool turns(const Source& source) {
    if (source.from_hugging_face()) return source.string_or("position_type", "") == "rope";
    auto flag = source.setting("rope.scaling.finetuned");
    return !flag || flag->as_bool().value_or(true);
}

// The feed-forward of all tokens, and the experts beside it where the layer has a router.
Result<> add_feed_forward(Decoder& decoder, uint32_t layer, const GraniteFactors& factors) {
    const Source& source = decoder.source();
    std::string prefix = cat("blk.", layer, ".");
    bool apart = source.has(prefix + "ffn_gate_shexp.weight");
    uint32_t hidden = TRY(
        source.uint_or("expert_shared_feed_forward_length", 1, 1 << 20, decoder.sizes().hidden));
    auto shared = TRY(decoder.mlp(layer, {.suffix = apart ? "_shexp" : "", .hidden = hidden}));
    shared.residual_scale = factors.residual;
    if (!decoder.has_experts(layer)) {
        decoder.add(std::move(shared));
        return Done{};
    }
    auto experts = TRY(decoder.experts(layer));
    experts.residual_scale = factors.residual;
    decoder.add(std::make_unique<SideBySide>(decoder.sizes().dim,
                                             std::make_unique<Experts>(std::move(experts)),
                                             std::make_unique<Mlp>(std::move(shared))));
    return Done{};
}

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.gguf_pairs = RopePairs::Neighbours}));
    GraniteFactors factors = TRY(read_granite_factors(source, decoder));
    Decoder::Rotation rotation;
    if (turns(source)) rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        if (decoder.has_attention(layer)) {
            auto attention = TRY(decoder.attention(layer));
            attention.turn_by(rotation);
            factors.apply_to(attention);
            decoder.add(std::move(attention));
        } else {
            auto state_space = TRY(read_state_space(decoder, layer));
            state_space.residual_scale = factors.residual;
            decoder.add(std::make_unique<StateSpace>(std::move(state_space)));
        }
        TRY(add_feed_forward(decoder, layer, factors));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family granite_hybrid_family{"granitehybrid", build, names};

}  // namespace linnet
