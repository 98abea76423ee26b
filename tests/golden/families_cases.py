"""The tiny models that make_families.py makes: a configuration of `transformers`, sizes, and how it becomes GGUF."""
import transformers as hf
from families_gguf import (bert_rows, bert_settings, expert_extras, falcon_h1_rows, falcon_h1_settings, gemma3n_rows,
                           gemma3n_settings, gemma3n_stacks, gemma_extras, gemma_rows, gpt2_rows, gpt2_settings,
                           granite_extras, granite_hybrid_rows, granite_hybrid_settings, lfm2_settings,
                           llama3_factors, llama_rows, mamba2_settings, mamba_rows, olmo3_extras, phi3_extras,
                           stack_experts)

VOCABULARY = 67
LENGTHS = (70, 5, 33)  # two pages of the cache and a bit, a few tokens, a page and one

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
        sizes=dict(n_embd=32, n_layer=2, n_head=4, max_position_embeddings=96)),
    "qwen3moe": dict(
        config=hf.Qwen3MoeConfig, gguf="qwen3moe", gather=stack_experts, extra=[expert_extras],
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
                   intermediate_size=20, moe_intermediate_size=32, num_experts=6, num_experts_per_tok=2,
                   norm_topk_prob=True, tie_word_embeddings=False)),
    "mixtral": dict(
        config=hf.MixtralConfig, gguf="llama", rows=llama_rows, gather=stack_experts, extra=[expert_extras],
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
                   intermediate_size=32, num_local_experts=4, num_experts_per_tok=2, sliding_window=None,
                   tie_word_embeddings=False)),
    "mamba2": dict(
        config=hf.Mamba2Config, gguf="mamba2", rows=mamba_rows, settings=mamba2_settings,
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_heads=4, head_dim=16, state_size=10, n_groups=2,
                   conv_kernel=4, chunk_size=16)),
    "falcon-h1": dict(
        config=hf.FalconH1Config, gguf="falcon-h1", rows=falcon_h1_rows, settings=falcon_h1_settings,
        sizes=dict(hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
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
        sizes=dict(hidden_size=32, intermediate_size=32, shared_intermediate_size=32, num_hidden_layers=3,
                   num_attention_heads=2, num_key_value_heads=1, mamba_n_heads=4, mamba_d_head=16, mamba_n_groups=1,
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
        sizes=dict(hidden_size=32, intermediate_size=32, block_auto_adjust_ff_dim=False, num_hidden_layers=3,
                   num_attention_heads=2, num_key_value_heads=1, conv_L_cache=3,
                   layer_types=["conv", "full_attention", "conv"])),
    "rwkv7": dict(sizes=dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, head_dim=8)),
    "gemma3n": dict(
        config=hf.Gemma3nTextConfig, gguf="gemma3n", rows=gemma3n_rows, settings=gemma3n_settings,
        gather=gemma3n_stacks,
        sizes=dict(hidden_size=32, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
                   intermediate_size=[32, 32, 40, 32, 32, 32], sliding_window=13, hidden_size_per_layer_input=4,
                   vocab_size_per_layer_input=60, altup_num_inputs=3, num_kv_shared_layers=2, laurel_rank=8,
                   activation_sparsity_pattern=[0.9, 0.7, 0.0, 0.0, 0.0, 0.0], final_logit_softcapping=4.0,
                   layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
                                "full_attention", "sliding_attention"])),
    "bert": dict(
        config=hf.BertConfig, gguf="bert", rows=bert_rows, settings=bert_settings, encoder="classifier",
        model=hf.AutoModelForSequenceClassification,
        sizes=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
                   max_position_embeddings=64, type_vocab_size=2, num_labels=1)),
    "nomic-bert": dict(
        config=hf.NomicBertConfig, gguf="nomic-bert", settings=bert_settings, encoder="states", model=hf.AutoModel,
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20, head_dim=12,
                   type_vocab_size=2)),
    "roberta": dict(
        config=hf.XLMRobertaConfig, gguf="bert", rows=bert_rows, settings=bert_settings, encoder="classifier",
        model=hf.AutoModelForSequenceClassification,
        sizes=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=28,
                   max_position_embeddings=66, type_vocab_size=1, num_labels=1, pad_token_id=1)),
}
