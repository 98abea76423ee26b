#!/usr/bin/env python3
"""Makes the folders in adapters/ beside it: for tiny models of families/ a LoRA adapter with random weights, as PEFT
saves it and as GGUF, and the logits that the model has with it.

    python3 -m venv V && V/bin/pip install torch transformers numpy gguf safetensors peft
    V/bin/python tests/golden/make_adapters.py [NAME ...]

A folder holds adapter_config.json, adapter_model.safetensors, adapter.gguf (GGUF's names and order of rows) and
golden.safetensors: for some prompts the ids, positions and the logits at these, computed by `transformers` and `peft`
in float32."""
import argparse
import json
import math
import pathlib
import shutil

import gguf
import numpy as np
import peft
import torch
import transformers as hf
from families_cases import CASES, VOCABULARY
from families_gguf import llama_rows
from make_families import golden_rows
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
# What PEFT is asked for. Other ranks and alphas, so that each way to say them is there.
ADAPTERS = {
    "llama": dict(r=4, lora_alpha=6, target_modules=[*ALL, "lm_head"], rank_pattern={"v_proj": 2},
                  alpha_pattern={"model.layers.1.self_attn.q_proj": 12, "up_proj": 3}),
    "qwen2": dict(r=3, lora_alpha=4, target_modules=ATTENTION, use_rslora=True),
    "qwen3": dict(r=2, lora_alpha=4, target_modules=ALL, layers_to_transform=[1]),
    "gemma2": dict(r=4, lora_alpha=4, target_modules=ALL),
    "gemma3": dict(r=5, lora_alpha=10, target_modules=ALL),
    "phi3": dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
    "gpt2": dict(r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True),
    "mixtral": dict(r=4, lora_alpha=8, target_modules=ATTENTION),
    "mamba2": dict(r=4, lora_alpha=8, target_modules=["in_proj"]),
    "lfm2": dict(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "in_proj", "w1", "w2"]),
}
LENGTHS = (37, 5)


def scale_of(config, module, rank):
    """What PEFT multiplies with, from the file and not from its objects."""
    alpha = config["lora_alpha"]
    for key, value in config["alpha_pattern"].items():
        if module == key or module.endswith("." + key):
            alpha = value
            break
    return alpha / (math.sqrt(rank) if config["use_rslora"] else rank)


def write_gguf(folder, case, config):
    """GGUF says one alpha for all, so B takes what is different."""
    settings = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    w = gguf.GGUFWriter(folder / "adapter.gguf", case["gguf"])
    w.add_type("adapter")
    w.add_string("adapter.type", "lora")
    w.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    number = next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == case["gguf"])
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    for name in sorted(tensors):
        if not name.endswith(".lora_A.weight"):
            continue
        module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        a, b = tensors[name].float(), tensors[name.replace("lora_A", "lora_B")].float()
        b = b * (scale_of(settings, module, a.shape[0]) / (settings["lora_alpha"] / a.shape[0]))
        if case.get("rows") is llama_rows:
            [(_, b)] = llama_rows(module + ".weight", b, config)
        new = names.get_name(module + ".weight", try_suffixes=(".weight",))
        assert new, f"GGUF has no name for {module}"
        w.add_tensor(new + ".lora_a", a.contiguous().numpy())
        w.add_tensor(new + ".lora_b", b.contiguous().numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def make(name):
    case, number = CASES[name], list(CASES).index(name)
    folder = HERE / "adapters" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = hf.AutoModelForCausalLM.from_pretrained(HERE / "families" / name, dtype=torch.float32,
                                                    attn_implementation="eager").eval()
    config = model.config
    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **ADAPTERS[name])).eval()
    generator = torch.Generator().manual_seed(1000 + number)
    for key, p in sorted(adapted.named_parameters()):
        if "lora_" in key:
            p.data = torch.randn(p.shape, generator=generator) / p.shape[1] ** 0.5 * (0.5 if "lora_B" in key else 1)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = f"tiny/{name}"
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    write_gguf(folder, case, config)

    draw = np.random.default_rng(1000 + number)
    golden, moved = {}, 0
    for i, length in enumerate(LENGTHS):
        ids = torch.tensor(draw.integers(3, VOCABULARY, length), dtype=torch.int32)
        with torch.no_grad():
            logits = adapted(ids[None].long(), use_cache=False).logits[0].float()
            with adapted.disable_adapter():
                plain = adapted(ids[None].long(), use_cache=False).logits[0].float()
        moved = max(moved, ((logits - plain).norm() / plain.norm()).item())
        rows = golden_rows(length)
        golden[f"ids.{i}"] = ids
        golden[f"rows.{i}"] = torch.tensor(rows, dtype=torch.int32)
        golden[f"logits.{i}"] = logits[rows].contiguous()
    assert moved > 0.05, f"{name}: the adapter changes next to nothing"
    save_file(golden, folder / "golden.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: {sum(f.stat().st_size for f in folder.iterdir())} bytes, logits move by {moved:.2f}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", choices=[[], *ADAPTERS])
    options = arguments.parse_args()
    torch.set_num_threads(1)
    hf.utils.logging.disable_progress_bar()
    for name in options.names or ADAPTERS:
        make(name)


if __name__ == "__main__":
    main()
