#!/usr/bin/env python3
"""Makes models with rows of 256 for quantize.sh, one with shared keys and one of eight experts, with importances.

    python3 -m venv V && V/bin/pip install gguf numpy
    V/bin/python tests/acceptance/wide_models.py FOLDER    # wide.gguf moe.gguf wide.imatrix.gguf moe.imatrix.gguf

Their weights are random: they are for comparing bytes, not for talking.
"""
import pathlib
import sys

import gguf
import numpy as np


def importance(path, tensors, rng):
    writer = gguf.GGUFWriter(path, "")
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["random"])
    writer.add_uint32("imatrix.chunk_count", 7)
    writer.add_uint32("imatrix.chunk_size", 512)
    for name, data in tensors.items():
        if name.startswith("blk.") and data.ndim > 1:
            matrices = data.shape[0] if data.ndim == 3 else 1
            sums = np.exp(rng.normal(0, 2, (matrices, data.shape[-1]))).astype(np.float32)
            counts = np.full((matrices, 1), 3584, np.float32)
            counts[0] = 0 if matrices > 1 else 3584  # an expert that was never chosen
            writer.add_tensor(name + ".in_sum2", sums)
            writer.add_tensor(name + ".counts", counts)
    write(writer)


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(folder, name, layers, dim, hidden, heads, keys, experts, rng):
    writer = gguf.GGUFWriter(folder / f"{name}.gguf", "llama")
    writer.add_block_count(layers)
    writer.add_context_length(512)
    writer.add_embedding_length(dim)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(keys)
    writer.add_layer_norm_rms_eps(1e-5)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([str(i) for i in range(512)])
    shapes = {"token_embd": (512, dim), "output": (512, dim), "output_norm": (dim,)}
    for i in range(layers):
        each = (experts,) if experts else ()
        kind = "_exps" if experts else ""
        shapes |= {f"blk.{i}.{part}": shape for part, shape in {
            "attn_norm": (dim,), "ffn_norm": (dim,), "attn_q": (dim, dim), "attn_k": (dim // heads * keys, dim),
            "attn_v": (dim // heads * keys, dim), "attn_output": (dim, dim), f"ffn_gate{kind}": each + (hidden, dim),
            f"ffn_up{kind}": each + (hidden, dim), f"ffn_down{kind}": each + (dim, hidden)}.items()}
        if experts:
            shapes[f"blk.{i}.ffn_gate_inp"] = (experts, dim)
    tensors = {f"{part}.weight": (rng.standard_t(5, shape) * 0.02).astype(np.float32 if len(shape) == 1 else np.float16)
               for part, shape in shapes.items()}
    for tensor, data in tensors.items():
        writer.add_tensor(tensor, data)
    write(writer)
    importance(folder / f"{name}.imatrix.gguf", tensors, rng)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    random = np.random.default_rng(1)
    make(folder, "wide", 18, 512, 768, 8, 2, 0, random)
    make(folder, "moe", 9, 256, 512, 8, 8, 8, random)
