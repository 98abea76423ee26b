// Mamba 2: layers of state space and nothing else (Dao and Gu 2024).
#include "model/families/decoder.h"
#include "model/families/family.h"
#include "model/families/state_space_parts.h"

namespace linnet {
namespace {

constexpr NamePair names[] = {
    {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
    {"ssm.conv_kernel", "conv_kernel"},
    {"ssm.expand", "expand"},
    {"ssm.group_count", "n_groups"},
    {"ssm.state_size", "state_size"},
    {"ssm.time_step_limit", "time_step_limit"},
    {"ssm.time_step_rank", "num_heads"},
    {"token_embd.weight", "backbone.embeddings.weight"},
    {"output_norm.weight", "backbone.norm_f.weight"},
    {"blk.#.attn_norm.weight", "backbone.layers.#.norm.weight"},
    {"blk.#.ssm_in.weight", "backbone.layers.#.mixer.in_proj.weight"},
    {"blk.#.ssm_in.bias", "backbone.layers.#.mixer.in_proj.bias"},
    {"blk.#.ssm_conv1d.weight", "backbone.layers.#.mixer.conv1d.weight"},
    {"blk.#.ssm_conv1d.bias", "backbone.layers.#.mixer.conv1d.bias"},
    {"blk.#.ssm_dt.bias", "backbone.layers.#.mixer.dt_bias"},
    {"blk.#.ssm_a", "backbone.layers.#.mixer.A_log"},
    {"blk.#.ssm_d", "backbone.layers.#.mixer.D"},
    {"blk.#.ssm_norm.weight", "backbone.layers.#.mixer.norm.weight"},
    {"blk.#.ssm_out.weight", "backbone.layers.#.mixer.out_proj.weight"},
    {"blk.#.ssm_out.bias", "backbone.layers.#.mixer.out_proj.bias"},
};

// A folder does not say how long the texts were; a state has no end.
constexpr Usual usual[] = {{"context_length", 1 << 20}};

Result<ModelParts> build(const Source& source) {
    Decoder decoder = TRY(Decoder::read(source, {.attention = false}));
    for (uint32_t layer = 0; layer < decoder.sizes().layers; layer++)
        decoder.add(std::make_unique<StateSpace>(TRY(read_state_space(decoder, layer))));
    return std::move(decoder.model);
}

}  // namespace

const Family mamba2_family{"mamba2", build, names, usual};

}  // namespace linnet
