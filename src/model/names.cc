#include "model/names.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

constexpr NamePair common[] = {
    // settings
    {"block_count", "num_hidden_layers"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"attention.sliding_window", "sliding_window"},
    {"context_length", "max_position_embeddings"},
    {"rope.freq_base", "rope_parameters.rope_theta"},
    {"rope.freq_base", "rope_theta"},
    {"activation", "hidden_act"},
    {"use_sliding_window", "use_sliding_window"},
    {"layer_types", "layer_types"},
    {"max_window_layers", "max_window_layers"},
    {"attention.sliding_window_pattern", "sliding_window_pattern"},
    {"attention.sliding_window_pattern", "_sliding_window_pattern"},
    {"rope.partial_rotary_factor", "partial_rotary_factor"},
    {"rope.scaling.original_context_length", "original_max_position_embeddings"},
    // settings of layers of state space
    {"ssm.conv_kernel", "mamba_d_conv"},
    {"ssm.expand", "mamba_expand"},
    {"ssm.group_count", "mamba_n_groups"},
    {"ssm.state_size", "mamba_d_state"},
    {"ssm.time_step_limit", "time_step_limit"},
    {"ssm.time_step_rank", "mamba_n_heads"},
    // factors
    {"embedding_scale", "embedding_multiplier"},
    {"attention.scale", "attention_multiplier"},
    {"residual_scale", "residual_multiplier"},
    {"logit_scale", "logits_scaling"},  // divides
    // tensors
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
    {"blk.#.attn_norm.weight", "model.layers.#.input_layernorm.weight"},
    {"blk.#.attn_q.weight", "model.layers.#.self_attn.q_proj.weight"},
    {"blk.#.attn_k.weight", "model.layers.#.self_attn.k_proj.weight"},
    {"blk.#.attn_v.weight", "model.layers.#.self_attn.v_proj.weight"},
    {"blk.#.attn_output.weight", "model.layers.#.self_attn.o_proj.weight"},
    {"blk.#.attn_q.bias", "model.layers.#.self_attn.q_proj.bias"},
    {"blk.#.attn_k.bias", "model.layers.#.self_attn.k_proj.bias"},
    {"blk.#.attn_v.bias", "model.layers.#.self_attn.v_proj.bias"},
    {"blk.#.attn_output.bias", "model.layers.#.self_attn.o_proj.bias"},
    {"blk.#.attn_q_norm.weight", "model.layers.#.self_attn.q_norm.weight"},
    {"blk.#.attn_k_norm.weight", "model.layers.#.self_attn.k_norm.weight"},
    {"blk.#.ffn_norm.weight", "model.layers.#.post_attention_layernorm.weight"},
    {"blk.#.ffn_gate.weight", "model.layers.#.mlp.gate_proj.weight"},
    {"blk.#.ffn_up.weight", "model.layers.#.mlp.up_proj.weight"},
    {"blk.#.ffn_down.weight", "model.layers.#.mlp.down_proj.weight"},
    {"blk.#.ffn_gate.bias", "model.layers.#.mlp.gate_proj.bias"},
    {"blk.#.ffn_up.bias", "model.layers.#.mlp.up_proj.bias"},
    {"blk.#.ffn_down.bias", "model.layers.#.mlp.down_proj.bias"},
    // tensors of layers of state space
    {"blk.#.ssm_in.weight", "model.layers.#.mamba.in_proj.weight"},
    {"blk.#.ssm_in.bias", "model.layers.#.mamba.in_proj.bias"},
    {"blk.#.ssm_conv1d.weight", "model.layers.#.mamba.conv1d.weight"},
    {"blk.#.ssm_conv1d.bias", "model.layers.#.mamba.conv1d.bias"},
    {"blk.#.ssm_dt.bias", "model.layers.#.mamba.dt_bias"},
    {"blk.#.ssm_a", "model.layers.#.mamba.A_log"},
    {"blk.#.ssm_d", "model.layers.#.mamba.D"},
    {"blk.#.ssm_norm.weight", "model.layers.#.mamba.norm.weight"},
    {"blk.#.ssm_out.weight", "model.layers.#.mamba.out_proj.weight"},
    {"blk.#.ssm_out.bias", "model.layers.#.mamba.out_proj.bias"},
};

// Where GGUF uses another word than config.json.
constexpr NamePair architectures[] = {
    {"llama", "mistral"},        {"llama", "mixtral"},
    {"gemma3", "gemma3_text"},   {"olmo2", "olmo3"},
    {"qwen3moe", "qwen3_moe"},   {"nomic-bert", "nomic_bert"},
    {"falcon-h1", "falcon_h1"},  {"granitehybrid", "granitemoehybrid"},
    {"gemma3n", "gemma3n_text"}, {"bert", "roberta"},
    {"bert", "xlm-roberta"},
};

bool is_number(std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

// "blk.3.attn_q.weight" as "blk.#.attn_q.weight", and 3.
std::string pattern_of(std::string_view name, std::vector<std::string_view>& numbers) {
    std::string pattern;
    while (!name.empty()) {
        size_t dot = std::min(name.find('.'), name.size());
        std::string_view part = name.substr(0, dot);
        if (is_number(part)) numbers.push_back(part);
        pattern += is_number(part) ? "#" : part;
        if (dot < name.size()) pattern += '.';
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return pattern;
}

std::string fill(std::string_view pattern, std::span<const std::string_view> numbers) {
    std::string out;
    size_t next = 0;
    for (char c : pattern) {
        if (c == '#' && next < numbers.size())
            out += numbers[next++];
        else
            out += c;
    }
    return out;
}

}  // namespace

std::vector<std::string> folder_names(std::span<const NamePair> family, std::string_view gguf) {
    std::vector<std::string_view> numbers;
    std::string pattern = pattern_of(gguf, numbers);
    std::vector<std::string> out;
    for (std::span<const NamePair> pairs : {family, std::span<const NamePair>(common)}) {
        for (const NamePair& pair : pairs)
            if (pair.gguf == pattern) out.push_back(fill(pair.hugging_face, numbers));
        if (!out.empty()) break;
    }
    return out;
}

std::vector<std::string> name_variants(std::string_view name) {
    std::vector<std::string> out = {std::string(name)};
    size_t dot = name.find('.');
    if (dot == name.npos) return out;
    std::string_view body = name.substr(dot + 1);
    for (std::string& other :
         std::vector{cat("language_model.", name), cat("model.language_model.", body),
                     std::string(body), cat("bert.", name), cat("roberta.", name)})
        out.push_back(std::move(other));
    return out;
}

std::string_view architecture_of(std::string_view model_type) {
    auto pair = std::ranges::find(architectures, model_type, &NamePair::hugging_face);
    return pair == std::end(architectures) ? model_type : pair->gguf;
}

}  // namespace linnet
