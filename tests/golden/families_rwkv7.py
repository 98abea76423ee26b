"""The tiny RWKV-7 of make_families.py: `transformers` lacks the family, so its weights are drawn here, saved as the
package `fla` and GGUF have them, and run by rwkv7.py."""
import json

import gguf
import numpy as np
import torch
from families_cases import LENGTHS, VOCABULARY
from rwkv7 import BLENDS, Rwkv7
from safetensors.torch import save_file

RWKV7_PARTS = {"w": ("w_lora", 32), "a": ("a_lora", 6), "v": ("v_lora", 4), "g": ("g_lora", 10)}  # and their ranks


def rwkv7_tensors(dim, hidden, layers, head_dim, generator):
    """By the names of rwkv7.py, all of them numbers that bfloat16 has."""
    def noise(*shape, scale=1.0, around=0.0):
        value = around + scale * torch.randn(shape, generator=generator)
        return value.to(torch.bfloat16).float()

    def matrix(rows, columns):
        return noise(rows, columns, scale=columns ** -0.5)

    def norm(name):
        return {f"{name}.weight": noise(dim, scale=0.2, around=1), f"{name}.bias": noise(dim, scale=0.2)}

    w = {"emb": noise(VOCABULARY, dim), "head": matrix(VOCABULARY, dim), **norm("ln_out"), **norm("blocks.0.ln0")}
    for i in range(layers):
        block = {**norm("ln1"), **norm("ln2"), **norm("att.ln_x")}
        for blend in BLENDS:
            block[f"att.x_{blend}"] = noise(dim, scale=0.3, around=0.5)
        for part, (_, rank) in RWKV7_PARTS.items():
            if part == "v" and i == 0:
                continue
            block[f"att.{part}1"], block[f"att.{part}2"] = matrix(rank, dim), matrix(dim, rank)
            if part != "g":
                block[f"att.{part}0"] = noise(dim, scale=0.5)
        for name in ("k_k", "k_a"):
            block[f"att.{name}"] = noise(dim, scale=0.3, around=0.8)
        block["att.r_k"] = noise(dim // head_dim, head_dim, scale=0.3)
        for name in ("receptance", "key", "value", "output"):
            block[f"att.{name}"] = matrix(dim, dim)
        block["ffn.x_k"] = noise(dim, scale=0.3, around=0.5)
        block["ffn.key"], block["ffn.value"] = matrix(hidden, dim), matrix(dim, hidden)
        w.update({f"blocks.{i}.{name}": value for name, value in block.items()})
    return w


def rwkv7_folder(path, w, config):
    """As the package `fla` saves it."""
    simple = {"emb": "embeddings.weight", "ln_out": "norm", "ln0": "pre_norm", "ln1": "attn_norm", "ln2": "ffn_norm",
              "att": "attn", "ffn": "ffn", "receptance": "r_proj.weight", "key": "k_proj.weight",
              "value": "v_proj.weight", "output": "o_proj.weight", "ln_x": "g_norm", "blocks": "layers"}
    lora = {f"{part}{i}": f"{name}.lora.{end}" for part, (name, _) in RWKV7_PARTS.items()
            for i, end in enumerate(("2.bias", "0.weight", "2.weight"))}
    out = {}
    for name, value in w.items():
        if name == "head":
            new = "lm_head.weight"
        elif ".ffn." in name and not name.endswith("x_k"):
            new = "model." + name.replace("blocks", "layers") + ".weight"
        else:
            new = "model." + ".".join(lora.get(part, simple.get(part, part)) for part in name.split("."))
        out[new] = (value.reshape(1, 1, -1) if ".x_" in name else value).to(torch.bfloat16).contiguous()
    save_file(out, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def rwkv7_gguf(path, w, config):
    writer = gguf.GGUFWriter(path, "rwkv7")
    writer.add_context_length(1048576)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_layer_norm_eps(config["norm_eps"])
    writer.add_wkv_head_size(config["head_dim"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(0)
    names = {"emb": "token_embd.weight", "head": "output.weight", "ln_out": "output_norm", "ln0": "token_embd_norm",
             "ln1": "attn_norm", "ln2": "attn_norm_2", "att.ln_x": "time_mix_ln",
             "ffn.x_k": "channel_mix_lerp_k.weight", "ffn.key": "channel_mix_key.weight",
             "ffn.value": "channel_mix_value.weight"}
    for name, value in w.items():
        _, layer, *rest = name.split(".") if name.startswith("blocks") else (None, None, name)
        part, end = ".".join(rest), ""
        if ".x_" in name and ".att." in name:
            continue
        if part.endswith((".weight", ".bias")):
            part, end = part.rsplit(".", 1)
            end = "." + end
        new = names.get(part) or f"time_mix_{part.removeprefix('att.')}.weight"
        if layer is not None and part != "ln0":
            new = f"blk.{layer}.{new}"
        matrix = value.dim() == 2 and not part.endswith("r_k")
        bits = value.to(torch.bfloat16).contiguous().view(torch.uint8).numpy() if matrix else value.numpy()
        writer.add_tensor(new + end, bits, raw_dtype=gguf.GGMLQuantizationType.BF16 if matrix else None)
    for i in range(config["num_hidden_layers"]):
        fused = torch.stack([w[f"blocks.{i}.att.x_{blend}"] for blend in BLENDS])
        writer.add_tensor(f"blk.{i}.time_mix_lerp_fused.weight", fused[:, None, None, :].numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_rwkv7(case, folder, number, rows_of):
    config = dict(model_type="rwkv7", norm_eps=1e-5, vocab_size=VOCABULARY, **case["sizes"])
    w = rwkv7_tensors(config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"],
                      config["head_dim"], torch.Generator().manual_seed(number))
    rwkv7_folder(folder, w, config)
    rwkv7_gguf(folder / "model.gguf", w, config)
    draw, golden = np.random.default_rng(number), {}
    for i, length in enumerate(LENGTHS):
        ids = draw.integers(3, VOCABULARY, length).astype(np.int32)
        model = Rwkv7({name: value.numpy() for name, value in w.items()}, config["num_hidden_layers"],
                      config["head_dim"])
        logits = np.array([model.step(token) for token in ids], np.float32)
        rows = rows_of(length)
        golden[f"ids.{i}"], golden[f"rows.{i}"] = torch.tensor(ids), torch.tensor(rows, dtype=torch.int32)
        golden[f"logits.{i}"] = torch.tensor(logits[rows])
    save_file(golden, folder / "golden.safetensors")
    print(f"rwkv7: {sum(f.stat().st_size for f in folder.iterdir())} bytes")
