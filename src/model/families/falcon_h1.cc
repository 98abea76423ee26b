// Falcon-H1: in each layer attention and state space side by side, reading the same and adding to
// the same; every part has a factor (TII 2025). A GGUF file has the factors in its weights.
#include "model/blocks/side_by_side.h"
#include "model/families/decoder.h"
#include "model/families/family.h"
#include "model/families/state_space_parts.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"ssm.inner_size", "mamba_d_ssm"},
    {"ssm.norm_before_gate", "mamba_norm_before_gate"},
    {"factor.embedding", "embedding_multiplier"},
    {"factor.logits", "lm_head_multiplier"},
    {"factor.attention_input", "attention_in_multiplier"},
    {"factor.key", "key_multiplier"},
    {"factor.attention_output", "attention_out_multiplier"},
    {"factor.ssm_input", "ssm_in_multiplier"},
    {"factor.ssm_parts", "ssm_multipliers"},
    {"factor.ssm_output", "ssm_out_multiplier"},
    {"factor.mlp", "mlp_multipliers"},
    {"output_norm.weight", "model.final_layernorm.weight"},
    {"blk.#.ffn_norm.weight", "model.layers.#.pre_ff_layernorm.weight"},
    {"blk.#.ffn_gate.weight", "model.layers.#.feed_forward.gate_proj.weight"},
    {"blk.#.ffn_up.weight", "model.layers.#.feed_forward.up_proj.weight"},
    {"blk.#.ffn_down.weight", "model.layers.#.feed_forward.down_proj.weight"},
};

struct Factors {
    float attention_input = 1, key = 1, attention_output = 1, ssm_input = 1, ssm_output = 1;
    float mlp_gate = 1, mlp_output = 1;
    StateSpace::Factors parts;
    bool norm_before_gate = false;
};

Result<Factors> read_factors(const Source& source, ModelParts& model) {
    Factors f;
    model.embedding_scale = TRY(source.float_or("factor.embedding", 1));
    model.logit_scale = TRY(source.float_or("factor.logits", 1));
    f.attention_input = TRY(source.float_or("factor.attention_input", 1));
    f.key = TRY(source.float_or("factor.key", 1));
    f.attention_output = TRY(source.float_or("factor.attention_output", 1));
    f.ssm_input = TRY(source.float_or("factor.ssm_input", 1));
    f.ssm_output = TRY(source.float_or("factor.ssm_output", 1));
    if (auto two = source.floats("factor.mlp"); two.size() == 2)
        f.mlp_gate = two[0], f.mlp_output = two[1];
    if (auto five = source.floats("factor.ssm_parts"); five.size() == 5)
        f.parts = {five[0], five[1], five[2], five[3], five[4]};
    f.norm_before_gate = TRY(source.bool_or("ssm.norm_before_gate", false));
    return f;
}

// A factor of what a norm gives is one of its weights.
void scale(Norm& norm, float factor) {
    for (float& weight : norm.weight) weight *= factor;
}

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {}));
    Factors factors = TRY(read_factors(source, decoder.model));
    auto rotation = TRY(decoder.rotation());
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++) {
        auto attention = TRY(decoder.attention(layer));
        attention.turn_by(rotation);
        scale(attention.norm, factors.attention_input);
        attention.scale *= factors.key;
        attention.residual_scale = factors.attention_output;
        auto state_space = TRY(read_state_space(decoder, layer));
        scale(state_space.norm, factors.ssm_input);
        state_space.factors = factors.parts;
        state_space.norm_before_gate = factors.norm_before_gate;
        state_space.residual_scale = factors.ssm_output;
        decoder.add(std::make_unique<SideBySide>(
            decoder.sizes().dim, std::make_unique<Attention>(std::move(attention)),
            std::make_unique<StateSpace>(std::move(state_space))));
        auto mlp = TRY(decoder.mlp(layer));
        mlp.gate_scale = factors.mlp_gate;
        mlp.residual_scale = factors.mlp_output;
        decoder.add(std::move(mlp));
    }
    return std::move(decoder.model);
}

}  // namespace

const Family falcon_h1_family{
    .architecture = "falcon-h1", .build = build, .names = names, .own_gguf_weights = true};

}  // namespace linnet
