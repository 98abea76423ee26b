#!/usr/bin/env python3
"""Writes the seed files of the fuzzer that reads folders of quantized weights: config.json, a zero byte and
model.safetensors. Standard library only; the same bytes on every run."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "compressed_fuzz"


def config(*weights, **more):
    return {"quantization_config": {
        "quant_method": "compressed-tensors",
        "config_groups": {f"group_{i}": {"targets": ["Linear"], "weights": each} for i, each in enumerate(weights)},
        **more}}


def write(name, settings, tensors):
    header, data = {}, b""
    for tensor, (dtype, shape, raw) in tensors.items():
        header[f"m.{tensor}"] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    HERE.mkdir(exist_ok=True)
    (HERE / name).write_bytes(json.dumps(settings, separators=(",", ":")).encode() + b"\0"
                              + struct.pack("<Q", len(text)) + text + data)


def main():
    some = bytes(range(16, 80))
    shape = ("I64", [2], struct.pack("<2q", 2, 32))
    scale = ("F16", [2, 1], b"\x00\x3c\x00\x38")
    packed = {"weight_packed": ("I32", [2, 4], some[:32]), "weight_scale": scale, "weight_shape": shape}
    write("int4", config({"num_bits": 4, "type": "int"}), packed)
    write("int4-zeros", config({"num_bits": 4, "type": "int", "symmetric": False}),
          packed | {"weight_zero_point": ("I32", [1, 1], b"\x21\0\0\0")})
    write("int4-index", config({"num_bits": 4, "type": "int"}),
          packed | {"weight_scale": ("F32", [2, 2], some[:16]),
                    "weight_g_idx": ("I32", [32], struct.pack("<32i", *([1, 0] * 16)))})
    write("int3-words", config({"num_bits": 3, "type": "int"}), packed)
    write("int8", config({"num_bits": 8, "type": "int"}, format="int-quantized"),
          {"weight": ("I8", [2, 32], some), "weight_scale": scale, "input_scale": ("F16", [1], b"\0\x3c")})
    write("fp8-block", config({"num_bits": 8, "type": "float", "block_structure": [4, 4]}),
          {"weight": ("F8_E4M3", [8, 8], some), "weight_scale": ("F16", [2, 2], b"\0\x3c" * 4)})
    write("mxfp4", config({"num_bits": 4, "type": "float"}, format="mxfp4-pack-quantized"),
          {"weight_packed": ("U8", [2, 16], some[:32]), "weight_scale": ("U8", [2, 1], b"\x7f\x80")})
    write("nvfp4", config({"num_bits": 4, "type": "float"}, format="nvfp4-pack-quantized"),
          {"weight_packed": ("U8", [2, 16], some[:32]), "weight_scale": ("F8_E4M3", [2, 2], b"\x38\x39\x3a\x3b"),
           "weight_global_scale": ("F32", [1], struct.pack("<f", 3))})
    write("lonely-scale", config({"num_bits": 8}), {"weight_scale": scale})
    write("gptq", {"quantization_config": {"quant_method": "gptq"}}, {})


main()
