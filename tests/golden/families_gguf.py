"""Settings, names and order of rows as GGUF has them, from a model's configuration and tensors as `transformers` has
them: one function for each way in which families differ. Used by families_cases.py."""
import re

import gguf
import numpy as np
import torch


def text_config(config):
    return getattr(config, "text_config", None) or config


def common_settings(w, c):
    """What nearly all architectures call the same."""
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    if getattr(c, "head_dim", None):
        w.add_key_length(c.head_dim)
        w.add_value_length(c.head_dim)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    rope = c.rope_parameters.get("full_attention", c.rope_parameters)
    w.add_rope_freq_base(rope["rope_theta"])
    kind = rope.get("rope_type", "default")
    if kind in ("linear", "yarn"):
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR if kind == "linear" else gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(rope["factor"])
    if kind == "yarn":
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        if rope.get("attention_factor"):  # GGUF's is a factor of the usual one
            w.add_rope_scaling_attn_factors(rope["attention_factor"] / (0.1 * np.log(rope["factor"]) + 1))


def neighbours(rows, heads):
    """The order of rows where turned pairs lie together: value i of the second half follows value i of the first."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)


def llama_rows(name, tensor, c):
    if name.endswith(("q_proj.weight", "q_proj.bias")):
        tensor = neighbours(tensor, c.num_attention_heads)
    if name.endswith(("k_proj.weight", "k_proj.bias")):
        tensor = neighbours(tensor, c.num_key_value_heads)
    yield name, tensor


def llama3_factors(w, c):
    """Llama 3.1's scaling, as divisors of the frequencies."""
    rope = c.rope_parameters
    if rope.get("rope_type") != "llama3":
        return
    dims = c.head_dim
    waves = 2 * np.pi * rope["rope_theta"] ** (np.arange(0, dims, 2) / dims)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = rope["original_max_position_embeddings"] / waves
    ramp = np.clip((turns - low) / (high - low), 0, 1)
    w.add_tensor("rope_freqs.weight", (1 / ((1 - ramp) / rope["factor"] + ramp)).astype(np.float32))


def gemma_rows(name, tensor, c):
    """Norms as they are applied, not as what they differ from one."""
    if name != "lm_head.weight":
        yield name, tensor + 1 if name.endswith("norm.weight") else tensor


def gemma_extras(w, c):
    w.add_sliding_window(c.sliding_window)
    if c.attn_logit_softcapping:
        w.add_attn_logit_softcapping(c.attn_logit_softcapping)
    if c.final_logit_softcapping:
        w.add_final_logit_softcapping(c.final_logit_softcapping)


def gemma3n_settings(w, c):
    common_settings(w, c)
    w.add_sliding_window(c.sliding_window)
    w.add_sliding_window_pattern([kind == "sliding_attention" for kind in c.layer_types])
    w.add_final_logit_softcapping(c.final_logit_softcapping)
    w.add_altup_active_idx(c.altup_active_idx)
    w.add_altup_num_inputs(c.altup_num_inputs)
    w.add_embedding_length_per_layer_input(c.hidden_size_per_layer_input)
    w.add_shared_kv_layers(c.num_kv_shared_layers)
    normal = torch.distributions.normal.Normal(0, 1)
    w.add_activation_sparsity_scale([normal.icdf(torch.tensor(part)).item() for part in c.activation_sparsity_pattern])


def gemma3n_stacks(tensors, c):
    """The projections of the streams as one tensor: (streams - 1, rows, columns)."""
    whole = {name: tensor for name, tensor in tensors.items() if "altup_projections" not in name
             and "altup_unembed" not in name}
    for part in ("altup_projections", "altup_unembed_projections"):
        names = [f"model.{part}.{i}.weight" for i in range(c.altup_num_inputs - 1)]
        whole[f"model.{part}.weight"] = torch.stack([tensors[name] for name in names])
    return whole


def gemma3n_rows(name, tensor, c):
    yield name + (".weight" if name.endswith("correct_output_scale") else ""), tensor


def gpt2_settings(w, c):
    w.add_context_length(c.n_positions)
    w.add_embedding_length(c.n_embd)
    w.add_block_count(c.n_layer)
    w.add_feed_forward_length(4 * c.n_embd)
    w.add_head_count(c.n_head)
    w.add_layer_norm_eps(c.layer_norm_epsilon)


def gpt2_rows(name, tensor, c):
    """Projections as rows of the output; a folder has them as rows of the input."""
    yield name, tensor.T.contiguous() if "c_" in name and tensor.dim() == 2 else tensor


def stack_experts(tensors, c):
    """The experts of a layer as one tensor: (experts, rows, columns)."""
    whole, experts = {}, {}
    for name, tensor in tensors.items():
        match = re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+\.weight)", name)
        if match:
            experts.setdefault(f"{match[1]}.{match[3]}", {})[int(match[2])] = tensor
        else:
            whole[name] = tensor
    stacked = {name: torch.stack([parts[i] for i in range(len(parts))]) for name, parts in experts.items()}
    return {**whole, **stacked}


def expert_extras(w, c):
    w.add_expert_count(c.num_local_experts)
    w.add_expert_used_count(c.num_experts_per_tok)
    if getattr(c, "moe_intermediate_size", None):
        w.add_expert_feed_forward_length(c.moe_intermediate_size)


def bert_settings(w, c):
    unused = c.pad_token_id + 1 if c.model_type == "xlm-roberta" else 0
    w.add_context_length(c.max_position_embeddings - unused)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_layer_norm_eps(c.layer_norm_eps)
    w.add_causal_attention(False)
    w.add_pooling_type(gguf.PoolingType.CLS)
    if getattr(c, "rope_parameters", None):
        w.add_rope_freq_base(c.rope_parameters["rope_theta"])


def bert_rows(name, tensor, c):
    """The classifier's two steps have names of their own."""
    name = name.removeprefix("bert.").removeprefix("roberta.")
    for part, new in (("classifier.dense", "cls"), ("classifier.out_proj", "cls.output"), ("pooler.dense", "cls"),
                      ("classifier", "cls.output")):
        if name.startswith(part):
            name = name.replace(part, new)
            break
    if c.model_type == "xlm-roberta" and "position_embeddings" in name:
        tensor = tensor[c.pad_token_id + 1:].contiguous()
    yield name, tensor


def recurrent_settings(w, c, heads, inner, groups, state, kernel):
    w.add_ssm_time_step_rank(heads)
    w.add_ssm_inner_size(inner)
    w.add_ssm_group_count(groups)
    w.add_ssm_state_size(state)
    w.add_ssm_conv_kernel(kernel)


def mamba2_settings(w, c):
    w.add_context_length(2 ** 20)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(0)
    w.add_head_count(0)
    w.add_layer_norm_rms_eps(c.layer_norm_epsilon)
    recurrent_settings(w, c, c.num_heads, c.num_heads * c.head_dim, c.n_groups, c.state_size, c.conv_kernel)


def mamba_rows(name, tensor, c):
    """Numbers per head as a column, the decay and not its logarithm, the convolution without its middle."""
    groups = getattr(c, "n_groups", None) or c.mamba_n_groups
    name = name.replace(".dt_bias", ".dt_proj.bias")
    if name.endswith(".A_log"):
        tensor = -torch.exp(tensor)
    if name.endswith((".A_log", ".D")):
        tensor = tensor[:, None]
    if name.endswith("conv1d.weight"):
        tensor = tensor.squeeze(1)
    if name.endswith((".mixer.norm.weight", ".mamba.norm.weight")):
        tensor = tensor.reshape(groups, -1)
    yield name, tensor


def falcon_h1_settings(w, c):
    common_settings(w, c)
    recurrent_settings(w, c, c.mamba_n_heads, c.mamba_d_ssm, c.mamba_n_groups, c.mamba_d_state, c.mamba_d_conv)


def falcon_h1_rows(name, tensor, c):
    """The factors are in the weights; ours are powers of two, so that nothing is rounded."""
    factors = {"down_proj": c.mlp_multipliers[1], "gate_proj": c.mlp_multipliers[0],
               "k_proj": c.key_multiplier * c.attention_in_multiplier, "q_proj": c.attention_in_multiplier,
               "v_proj": c.attention_in_multiplier, "o_proj": c.attention_out_multiplier,
               "out_proj": c.ssm_out_multiplier, "in_proj": c.ssm_in_multiplier, "lm_head": c.lm_head_multiplier,
               "embed_tokens": c.embedding_multiplier}
    part = name.split(".")[-2]
    tensor = tensor * factors.get(part, 1.0)
    if part == "in_proj":
        grouped = c.mamba_n_groups * c.mamba_d_state
        counts = [c.mamba_d_ssm, c.mamba_d_ssm, grouped, grouped, c.mamba_n_heads]
        factors = torch.repeat_interleave(torch.tensor(c.ssm_multipliers), torch.tensor(counts))
        tensor = tensor * factors[:, None]
    yield from mamba_rows(name, tensor, c)


def granite_hybrid_settings(w, c):
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv([0 if kind == "linear_attention" else c.num_key_value_heads for kind in c.layer_types])
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_rope_scaling_finetuned(c.position_embedding_type == "rope")
    if c.num_local_experts:
        w.add_feed_forward_length(c.intermediate_size)
        w.add_expert_shared_feed_forward_length(c.shared_intermediate_size)
        expert_extras(w, c)
    else:
        w.add_feed_forward_length(c.shared_intermediate_size)
    granite_extras(w, c)
    recurrent_settings(w, c, c.mamba_n_heads, c.mamba_expand * c.hidden_size, c.mamba_n_groups, c.mamba_d_state,
                       c.mamba_d_conv)


def granite_hybrid_rows(name, tensor, c):
    layer = name.split(".")[2] if "layers" in name else ""
    both = "_exps" if "block_sparse_moe" in name else "_shexp" if c.num_local_experts else ""
    if name.endswith(("moe.input_linear.weight", "mlp.input_linear.weight")):
        gate, up = tensor.chunk(2, dim=-2)
        yield f"blk.{layer}.ffn_gate{both}.weight", gate
        yield f"blk.{layer}.ffn_up{both}.weight", up
    elif name.endswith(("moe.output_linear.weight", "mlp.output_linear.weight")):
        yield f"blk.{layer}.ffn_down{both}.weight", tensor
    else:
        for part, data in llama_rows(name, tensor, c):
            yield from mamba_rows(part, data, c)


def lfm2_settings(w, c):
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv([0 if kind == "conv" else c.num_key_value_heads for kind in c.layer_types])
    w.add_layer_norm_rms_eps(c.norm_eps)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_shortconv_l_cache(c.conv_L_cache)


def phi3_extras(w, c):
    rope = c.rope_parameters
    dims = int(c.hidden_size // c.num_attention_heads * rope.get("partial_rotary_factor", 1))
    w.add_rope_dimension_count(dims)
    w.add_rope_scaling_orig_ctx_len(rope.get("original_max_position_embeddings", c.max_position_embeddings))
    w.add_sliding_window(c.sliding_window or 0)
    if "long_factor" not in rope:
        return
    original = rope["original_max_position_embeddings"]
    longer = c.max_position_embeddings / original
    w.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(longer) / np.log(original))))
    w.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], np.float32))
    w.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], np.float32))


def granite_extras(w, c):
    w.add_attention_scale(c.attention_multiplier)
    w.add_embedding_scale(c.embedding_multiplier)
    w.add_residual_scale(c.residual_multiplier)
    w.add_logit_scale(c.logits_scaling)


def olmo3_extras(w, c):
    w.add_sliding_window(c.sliding_window)
    w.add_sliding_window_pattern([kind == "sliding_attention" for kind in c.layer_types])
