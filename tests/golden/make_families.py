#!/usr/bin/env python3
"""Makes the folders in families/ beside it: for each model family a tiny model with random weights, and its logits.

    python3 -m venv V && V/bin/pip install torch transformers numpy gguf safetensors
    V/bin/python tests/golden/make_families.py [NAME ...] [--check]

A folder holds what `transformers` saves (config.json, model.safetensors in bfloat16), the same weights as a GGUF file
(model.gguf: GGUF's names, order of rows, and settings, by the package `gguf` and the notes beside each case), and
golden.safetensors: for some prompts the ids, positions and the logits at these, computed by `transformers` in float32.
For an encoder these are the states of its last layer, with the type of each token and, where there is a classifier, the
score of the text.
--check also decodes token by token with a cache and compares, so that the logits hold for that as well."""
import argparse
import copy
import json
import pathlib
import re
import shutil

import gguf
import numpy as np
import torch
import transformers as hf
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "families"
VOCABULARY = 67
LENGTHS = (70, 5, 33)  # two pages of the cache and a bit, a few tokens, a page and one


# --- settings and tensors as GGUF has them ---------------------------------------------------------------------------

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
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_layer_norm_eps(c.layer_norm_eps)
    w.add_causal_attention(False)
    if getattr(c, "rope_parameters", None):
        w.add_rope_freq_base(c.rope_parameters["rope_theta"])


def bert_rows(name, tensor, c):
    """The classifier's two steps have names of their own."""
    name = name.removeprefix("bert.")
    name = name.replace("pooler.dense", "cls").replace("classifier", "cls.output")
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
    """Numbers per head as a column, what fades as it is and not as its logarithm, the convolution without its middle."""
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
        tensor = tensor * torch.repeat_interleave(torch.tensor(c.ssm_multipliers), torch.tensor(counts))[:, None]
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


# What is no matrix stays in float32.
KEPT_EXACT = ("ssm_a", "ssm_d", "ssm_conv1d.weight", "ssm_norm.weight", "shortconv.conv.weight")


def write_gguf(path, case, model):
    config = text_config(model.config)
    arch = case["gguf"]
    w = gguf.GGUFWriter(path, arch)
    case.get("settings", common_settings)(w, config)
    for extra in case.get("extra", ()):
        extra(w, config)
    number = next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch)
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    change = case.get("rows", lambda name, tensor, c: [(name, tensor)])
    tensors = load_file(path.parent / "model.safetensors")
    for name, tensor in case.get("gather", lambda tensors, c: tensors)(tensors, config).items():
        for part, data in change(name, tensor.float(), config):
            new = part if part.startswith(("blk.", "cls.")) else names.get_name(part, try_suffixes=(".weight", ".bias"))
            assert new, f"GGUF has no name for {part}"
            if data.dim() == 1 or new.endswith(KEPT_EXACT):
                w.add_tensor(new, data.contiguous().numpy())
            else:
                half = data.to(torch.bfloat16)
                assert torch.equal(half.float(), data), part
                bits = half.contiguous().view(torch.uint8)
                w.add_tensor(new, bits.numpy(), raw_dtype=gguf.GGMLQuantizationType.BF16)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


# --- the cases -------------------------------------------------------------------------------------------------------

BASE = dict(vocab_size=VOCABULARY, max_position_embeddings=512, pad_token_id=0, bos_token_id=1, eos_token_id=2)
CASES = {
    "llama": dict(
        config=hf.LlamaConfig, gguf="llama", rows=llama_rows,
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                   intermediate_size=32, tie_word_embeddings=True)),
    "llama3": dict(
        config=hf.LlamaConfig, gguf="llama", rows=llama_rows, extra=[llama3_factors],
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=12,
                   intermediate_size=28, tie_word_embeddings=False,
                   rope_parameters=dict(rope_type="llama3", rope_theta=5000.0, factor=8.0, low_freq_factor=1.0,
                                        high_freq_factor=4.0, original_max_position_embeddings=64))),
    "mistral": dict(
        config=hf.MistralConfig, gguf="llama", rows=llama_rows,
        extra=[lambda w, c: w.add_sliding_window(c.sliding_window)],
        sizes=dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=12,
                   intermediate_size=36, sliding_window=11, tie_word_embeddings=False)),
    "qwen2": dict(
        config=hf.Qwen2Config, gguf="qwen2",
        sizes=dict(hidden_size=30, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=1,
                   intermediate_size=28, tie_word_embeddings=True)),
    "qwen2-yarn": dict(
        config=hf.Qwen2Config, gguf="qwen2",
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                   intermediate_size=20, tie_word_embeddings=False,
                   rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0,
                                        original_max_position_embeddings=128))),
    "qwen3": dict(
        config=hf.Qwen3Config, gguf="qwen3",
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=16,
                   intermediate_size=20, tie_word_embeddings=True)),
    "smollm3": dict(
        config=hf.SmolLM3Config, gguf="smollm3", rows=llama_rows,
        sizes=dict(hidden_size=24, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
                   intermediate_size=20, tie_word_embeddings=True)),
    "gemma2": dict(
        config=hf.Gemma2Config, gguf="gemma2", rows=gemma_rows, extra=[gemma_extras],
        sizes=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=20,
                   intermediate_size=28, sliding_window=9, query_pre_attn_scalar=20, attn_logit_softcapping=3.0,
                   final_logit_softcapping=4.0)),
    "gemma3": dict(
        config=hf.Gemma3TextConfig, gguf="gemma3", rows=gemma_rows, extra=[gemma_extras],
        sizes=dict(hidden_size=20, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=12,
                   intermediate_size=18, sliding_window=13, query_pre_attn_scalar=12,
                   rope_parameters=dict(full_attention=dict(rope_type="linear", rope_theta=50000.0, factor=8.0),
                                        sliding_attention=dict(rope_type="default", rope_theta=10000.0)))),
    "phi3": dict(
        config=hf.Phi3Config, gguf="phi3", extra=[phi3_extras],
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
                   intermediate_size=28, sliding_window=30, tie_word_embeddings=False)),
    "phi4-longrope": dict(
        config=hf.Phi3Config, gguf="phi3", extra=[phi3_extras], recomputes=True, lengths=(70, 5, 33, 31),
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                   intermediate_size=20, tie_word_embeddings=True, original_max_position_embeddings=32,
                   rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
                                        original_max_position_embeddings=32,
                                        short_factor=[1.0, 1.0, 1.1, 1.2, 1.3, 1.5],
                                        long_factor=[1.0, 1.3, 2.0, 4.0, 9.0, 15.5]))),
    "granite": dict(
        config=hf.GraniteConfig, gguf="granite", rows=llama_rows, extra=[granite_extras],
        sizes=dict(hidden_size=30, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                   intermediate_size=28, tie_word_embeddings=True, embedding_multiplier=3.0, attention_multiplier=0.4,
                   residual_multiplier=0.3, logits_scaling=2.5)),
    "olmo2": dict(
        config=hf.Olmo2Config, gguf="olmo2",
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                   intermediate_size=28, tie_word_embeddings=False)),
    "olmo3": dict(
        config=hf.Olmo3Config, gguf="olmo2", extra=[olmo3_extras],
        sizes=dict(hidden_size=20, num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=1, head_dim=10,
                   intermediate_size=16, sliding_window=12, tie_word_embeddings=False,
                   rope_parameters=dict(
                       full_attention=dict(rope_type="yarn", rope_theta=5000.0, factor=4.0, attention_factor=1.2,
                                           original_max_position_embeddings=64),
                       sliding_attention=dict(rope_type="default", rope_theta=5000.0)))),
    "gpt2": dict(
        config=hf.GPT2Config, gguf="gpt2", rows=gpt2_rows, settings=gpt2_settings,
        sizes=dict(n_embd=20, n_layer=2, n_head=4, max_position_embeddings=96)),
    "qwen3moe": dict(
        config=hf.Qwen3MoeConfig, gguf="qwen3moe", gather=stack_experts, extra=[expert_extras],
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
                   intermediate_size=20, moe_intermediate_size=12, num_experts=6, num_experts_per_tok=2,
                   norm_topk_prob=True, tie_word_embeddings=False)),
    "mixtral": dict(
        config=hf.MixtralConfig, gguf="llama", rows=llama_rows, gather=stack_experts, extra=[expert_extras],
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
                   intermediate_size=16, num_local_experts=4, num_experts_per_tok=2, sliding_window=None,
                   tie_word_embeddings=False)),
    "mamba2": dict(
        config=hf.Mamba2Config, gguf="mamba2", rows=mamba_rows, settings=mamba2_settings,
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_heads=4, head_dim=12, state_size=10, n_groups=2,
                   conv_kernel=4, chunk_size=16)),
    "falcon-h1": dict(
        config=hf.FalconH1Config, gguf="falcon-h1", rows=falcon_h1_rows, settings=falcon_h1_settings,
        sizes=dict(hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2,
                   num_key_value_heads=1, mamba_d_ssm=32, mamba_n_heads=4, mamba_d_head=8, mamba_n_groups=2,
                   mamba_d_state=6, mamba_chunk_size=16, embedding_multiplier=4.0, lm_head_multiplier=0.5,
                   attention_in_multiplier=2.0, key_multiplier=0.5, attention_out_multiplier=0.25,
                   ssm_in_multiplier=0.5, ssm_out_multiplier=2.0, ssm_multipliers=[0.5, 2.0, 4.0, 0.25, 2.0],
                   mlp_multipliers=[0.5, 2.0])),
    "falcon-h1-norm": dict(
        config=hf.FalconH1Config, gguf="falcon-h1", rows=falcon_h1_rows, settings=falcon_h1_settings,
        sizes=dict(hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2,
                   num_key_value_heads=2, mamba_d_ssm=24, mamba_n_heads=6, mamba_d_head=4, mamba_n_groups=1,
                   mamba_d_state=6, mamba_chunk_size=16, mamba_rms_norm=True, mamba_norm_before_gate=False,
                   ssm_multipliers=[1.0] * 5, mlp_multipliers=[1.0, 1.0], tie_word_embeddings=True)),
    "granitehybrid": dict(
        config=hf.GraniteMoeHybridConfig, gguf="granitehybrid", rows=granite_hybrid_rows,
        settings=granite_hybrid_settings,
        sizes=dict(hidden_size=24, intermediate_size=12, shared_intermediate_size=16, num_hidden_layers=3,
                   num_attention_heads=2, num_key_value_heads=1, mamba_n_heads=4, mamba_d_head=12, mamba_n_groups=1,
                   mamba_d_state=6, mamba_chunk_size=16, num_local_experts=4, num_experts_per_tok=2,
                   layer_types=["mamba", "attention", "mamba"], embedding_multiplier=3.0, attention_multiplier=0.4,
                   residual_multiplier=0.3, logits_scaling=2.5)),
    "granitehybrid-dense": dict(
        config=hf.GraniteMoeHybridConfig, gguf="granitehybrid", rows=granite_hybrid_rows,
        settings=granite_hybrid_settings,
        sizes=dict(hidden_size=24, intermediate_size=12, shared_intermediate_size=20, num_hidden_layers=2,
                   num_attention_heads=3, num_key_value_heads=1, mamba_n_heads=6, mamba_d_head=8, mamba_n_groups=2,
                   mamba_d_state=6, mamba_chunk_size=16, num_local_experts=0, position_embedding_type="rope",
                   layer_types=["attention", "mamba"], tie_word_embeddings=True)),
    "lfm2": dict(
        config=hf.Lfm2Config, gguf="lfm2", rows=lambda name, tensor, c: [
            (name, tensor.squeeze(1) if name.endswith("conv.conv.weight") else tensor)], settings=lfm2_settings,
        sizes=dict(hidden_size=24, intermediate_size=28, block_auto_adjust_ff_dim=False, num_hidden_layers=3,
                   num_attention_heads=2, num_key_value_heads=1, conv_L_cache=3,
                   layer_types=["conv", "full_attention", "conv"])),
    "bert": dict(
        config=hf.BertConfig, gguf="bert", rows=bert_rows, settings=bert_settings, encoder="classifier",
        model=hf.AutoModelForSequenceClassification,
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=28,
                   max_position_embeddings=64, type_vocab_size=2, num_labels=1)),
    "nomic-bert": dict(
        config=hf.NomicBertConfig, gguf="nomic-bert", settings=bert_settings, encoder="states", model=hf.AutoModel,
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20, head_dim=12,
                   type_vocab_size=2)),
}


# --- models and logits -----------------------------------------------------------------------------------------------

def randomize(model, seed):
    """Weights that make every part matter: rows of length about one, norms around theirs, biases that show."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        if "norm" in name.lower() or ".ln_" in name or "_ln." in name:
            value = p.data + 0.2 * noise
        elif p.dim() == 1:
            value = 0.3 * noise
        elif "embed" in name or "wte" in name or "wpe" in name:
            value = noise
        else:
            value = noise / p.shape[-1] ** 0.5 * (2 if "q_proj" in name or "k_proj" in name else 1)
        p.data = value.to(torch.bfloat16).float()


def encoder_golden(case, model, draw):
    """States of all tokens of some texts; every second one is a pair, whose second part is of type 1."""
    golden = {}
    for i, length in enumerate((40, 5, 33)):
        ids = torch.tensor(draw.integers(3, VOCABULARY, length), dtype=torch.int32)
        types = torch.zeros(length, dtype=torch.int32)
        types[length // 3:] = i % 2
        with torch.no_grad():
            inputs = dict(input_ids=ids[None].long(), token_type_ids=types[None].long())
            states = model.base_model(**inputs).last_hidden_state[0].float()
            if case["encoder"] == "classifier":
                golden[f"score.{i}"] = model(**inputs).logits[0].float()
        golden[f"ids.{i}"], golden[f"types.{i}"], golden[f"logits.{i}"] = ids, types, states.contiguous()
        golden[f"rows.{i}"] = torch.arange(length, dtype=torch.int32)
    return golden


def make(name, check):
    case = CASES[name]
    number = list(CASES).index(name)
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = case["config"](**{**BASE, **case["sizes"]})
    config._attn_implementation = "eager"
    model = case.get("model", hf.AutoModelForCausalLM).from_config(config, dtype=torch.float32).eval()
    randomize(model, number)
    # A copy, because the rotary frequencies would lose their low bits with it.
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    write_gguf(folder / "model.gguf", case, model)

    draw = np.random.default_rng(number)
    golden = encoder_golden(case, model, draw) if case.get("encoder") else {}
    for i, length in enumerate([] if golden else case.get("lengths", LENGTHS)):
        ids = torch.tensor(draw.integers(3, VOCABULARY, length), dtype=torch.int32)
        with torch.no_grad():
            logits = model(ids[None].long(), use_cache=False).logits[0].float()
        rows = sorted({0, 1, length // 2, length - 2, length - 1} | ({31, 32} if length > 32 else set()))
        golden[f"ids.{i}"] = ids
        golden[f"rows.{i}"] = torch.tensor(rows, dtype=torch.int32)
        golden[f"logits.{i}"] = logits[rows].contiguous()
        if check and not case.get("recomputes"):
            with torch.no_grad():
                cache = None
                for t in range(length):
                    name_of_cache = "cache_params" if case["gguf"] == "mamba2" else "past_key_values"
                    out = model(ids[None, t:t + 1].long(), use_cache=True, **{name_of_cache: cache})
                    cache = out[name_of_cache]
                    worst = (out.logits[0, 0] - logits[t]).norm() / logits[t].norm()
                    assert worst < 1e-5, f"{name}: decoding differs at {t} by {worst}"
    save_file(golden, folder / "golden.safetensors")
    spread = golden["logits.0"].std(dim=-1).mean()
    print(f"{name}: {sum(f.stat().st_size for f in folder.iterdir())} bytes, logits spread {spread:.2f}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", choices=[[], *CASES])
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    hf.utils.logging.disable_progress_bar()
    for name in options.names or CASES:
        make(name, options.check)


if __name__ == "__main__":
    main()
