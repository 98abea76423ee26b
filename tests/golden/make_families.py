#!/usr/bin/env python3
"""Makes the folders in families/ beside it: for each model family a tiny model with random weights, and its logits.

    python3 -m venv V && V/bin/pip install torch transformers numpy gguf safetensors
    V/bin/python tests/golden/make_families.py [NAME ...] [--check]

A folder holds what `transformers` saves (config.json, model.safetensors in bfloat16), the same weights as a GGUF file
(model.gguf: GGUF's names, order of rows, and settings, by the package `gguf` and families_gguf.py), and
golden.safetensors: for some prompts the ids, positions and the logits at these, computed by `transformers` in float32.
For an encoder these are the states of its last layer, with the type of each token and, where there is a classifier, the
score of the text.
--check also decodes token by token with a cache and compares, so that the logits hold for that as well."""
import argparse
import copy
import pathlib
import shutil

import gguf
import numpy as np
import torch
import transformers as hf
from families_cases import BASE, CASES, LENGTHS, VOCABULARY
from families_gguf import common_settings, text_config
from families_rwkv7 import make_rwkv7
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "families"

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
        types[length // 3:] = i % 2 if model.config.type_vocab_size > 1 else 0
        with torch.no_grad():
            inputs = dict(input_ids=ids[None].long(), token_type_ids=types[None].long())
            states = model.base_model(**inputs).last_hidden_state[0].float()
            if case["encoder"] == "classifier":
                golden[f"score.{i}"] = model(**inputs).logits[0].float()
        golden[f"ids.{i}"], golden[f"types.{i}"], golden[f"logits.{i}"] = ids, types, states.contiguous()
        golden[f"rows.{i}"] = torch.arange(length, dtype=torch.int32)
    return golden


def golden_rows(length):
    return sorted({0, 1, length // 2, length - 2, length - 1} | ({31, 32} if length > 32 else set()))


def make(name, check):
    case = CASES[name]
    number = list(CASES).index(name)
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if "config" not in case:
        return make_rwkv7(case, folder, number, golden_rows)
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
        rows = golden_rows(length)
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
