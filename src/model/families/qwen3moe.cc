// Qwen3 with a mixture of experts in place of the feed-forward (Yang et al. 2025).
#include "model/families/decoder.h"
#include "model/families/family.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"expert_count", "num_experts"},
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_weights_norm", "norm_topk_prob"},
    {"blk.#.ffn_gate_inp.weight", "model.layers.#.mlp.gate.weight"},
    {"blk.#.ffn_gate_up_exps.weight", "model.layers.#.mlp.experts.gate_up_proj"},
    {"blk.#.ffn_down_exps.weight", "model.layers.#.mlp.experts.down_proj"},
    {"blk.#.ffn_gate.#.weight", "model.layers.#.mlp.experts.#.gate_proj.weight"},
    {"blk.#.ffn_up.#.weight", "model.layers.#.mlp.experts.#.up_proj.weight"},
    {"blk.#.ffn_down.#.weight", "model.layers.#.mlp.experts.#.down_proj.weight"},
};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.query_key_norm = QueryKeyNorm::Head}));
    auto rotation = TRY(decoder.rotation());
    const bool normalize = TRY(source.bool_or("expert_weights_norm", true));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        attention.window = TRY(decoder.window(layer, 0));
        decoder.add(std::move(attention));
        if (!decoder.has_experts(layer)) {
            decoder.add(TRY(decoder.mlp(layer)));
            continue;
        }
        auto experts = TRY(decoder.experts(layer));
        experts.normalize = normalize;
        decoder.add(std::move(experts));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family qwen3moe_family{"qwen3moe", build, names};

}  // namespace linnet
