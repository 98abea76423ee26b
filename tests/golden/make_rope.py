#!/usr/bin/env python3
"""Makes rope.json beside it: cosines and sines of rotary positions far beyond the context that models were trained for.

    V/bin/python tests/golden/make_rope.py

with the virtual environment of make_families.py. Each case is a config.json and what `transformers` computes of it in
float32, frequencies and factor, for all pairs of one head at some positions: cosine, sine, cosine, ..."""
import json
import pathlib

import torch
import transformers as hf
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

POSITIONS = [0, 1, 63, 64, 500, 4095, 4096, 32767, 100000]
LONG = [1.0, 1.1, 1.7, 3.0, 8.0, 20.0, 40.0, 60.0]
SHORT = [1.0, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5]
CASES = {
    "default": dict(rope_type="default", rope_theta=10000.0),
    "linear": dict(rope_type="linear", rope_theta=10000.0, factor=8.0),
    "llama3": dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=8192),
    "yarn": dict(rope_type="yarn", rope_theta=10000.0, factor=16.0, original_max_position_embeddings=4096),
    "yarn-factors": dict(rope_type="yarn", rope_theta=150000.0, factor=32.0, original_max_position_embeddings=4096,
                         beta_fast=16.0, beta_slow=2.0, truncate=False),
    "yarn-mscale": dict(rope_type="yarn", rope_theta=10000.0, factor=40.0, original_max_position_embeddings=4096,
                        mscale=0.707, mscale_all_dim=1.0),
    "longrope": dict(rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=4096,
                     long_factor=LONG, short_factor=SHORT),
}


def table(config, length):
    parameters = config.rope_parameters
    if parameters["rope_type"] == "default":
        frequencies, factor = 1 / parameters["rope_theta"] ** (torch.arange(0, 16, 2, dtype=torch.float) / 16), 1.0
    else:
        frequencies, factor = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, "cpu", seq_len=length)
    rows = []
    for position in POSITIONS:
        angles = torch.tensor(float(position)) * frequencies
        both = torch.stack([angles.cos() * factor, angles.sin() * factor], dim=-1)
        rows.append([round(float(v), 7) for v in both.flatten()])
    return rows


def main():
    out = []
    for name, parameters in CASES.items():
        config = hf.LlamaConfig(hidden_size=32, num_attention_heads=2, head_dim=16, max_position_embeddings=131072,
                                rope_parameters=parameters)
        if "original_max_position_embeddings" in parameters:
            config.original_max_position_embeddings = parameters["original_max_position_embeddings"]
        settings = dict(model_type="llama", max_position_embeddings=131072, rope_parameters=parameters)
        case = dict(name=name, config=settings, positions=POSITIONS, context=131072, angles=table(config, 131072))
        out.append(case)
        if name == "longrope":  # a context as long as the original one has the other factors
            out.append({**case, "name": "longrope-short", "context": 4096, "angles": table(config, 4096)})
    lines = ",\n".join(json.dumps(case) for case in out)
    pathlib.Path(__file__).with_name("rope.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
