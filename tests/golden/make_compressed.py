#!/usr/bin/env python3
"""Makes compressed/ beside it: matrices in every layout of compressed-tensors, and what they stand for.

    python3 -m venv V && V/bin/pip install torch transformers compressed-tensors safetensors
    V/bin/python tests/golden/make_compressed.py

Each case is a module of its own in model.safetensors, packed by the package's own compressors from seeded weights;
config.json has its config groups. golden.safetensors has the weights that the package unpacks, in float32: its own
unpacking, with scales (which are stored in float16, as models do) made float32 first, so that nothing is rounded."""
import json
import pathlib

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.compressors.nvfp4.helpers import unpack_fp4_from_uint8
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.lifecycle.forward import dequantize
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "compressed"
ROWS, COLUMNS = 24, 96
TOKEN = dict(num_bits=8, strategy="token", dynamic=True)


def ints(bits, **more):
    return dict(num_bits=bits, type="int", **more)


def floats(bits, **more):
    return dict(num_bits=bits, type="float", **more)


GROUP = dict(strategy="group", group_size=32)
CASES = {
    "int4_group": ("pack-quantized", ints(4, **GROUP), None),
    "int4_group_asymmetric": ("pack-quantized", ints(4, symmetric=False, **GROUP), None),
    "int4_small_group": ("pack-quantized", ints(4, strategy="group", group_size=8), None),
    "int4_channel": ("pack-quantized", ints(4, strategy="channel"), None),
    "int3_group_asymmetric": ("pack-quantized", ints(3, symmetric=False, **GROUP), None),
    "int2_channel": ("pack-quantized", ints(2, strategy="channel"), None),
    "int5_group": ("pack-quantized", ints(5, **GROUP), None),
    "int8_group": ("pack-quantized", ints(8, **GROUP), None),
    "int8_tensor": ("int-quantized", ints(8, strategy="tensor"), TOKEN),
    "int8_channel": ("int-quantized", ints(8, strategy="channel"), TOKEN),
    "int8_channel_asymmetric": ("naive-quantized", ints(8, strategy="channel", symmetric=False), TOKEN),
    "fp8_tensor": ("float-quantized", floats(8, strategy="tensor"), {**TOKEN, "type": "float"}),
    "fp8_channel": ("float-quantized", floats(8, strategy="channel"), {**TOKEN, "type": "float"}),
    "fp8_block": ("float-quantized", floats(8, strategy="block", block_structure=[16, 64]), None),
    "mxfp4": ("mxfp4-pack-quantized", floats(4, scale_dtype=torch.uint8, **GROUP), None),
    "mxfp8": ("mxfp8-quantized", floats(8, scale_dtype=torch.uint8, **GROUP), None),
    "nvfp4": ("nvfp4-pack-quantized", floats(4, strategy="tensor_group", group_size=16,
                                             scale_dtype=torch.float8_e4m3fn), None),
}


def extremes(weight, args):
    """The least and greatest value of each part that has a scale."""
    if args.strategy == "tensor":
        parts = weight.reshape(1, -1)
        return parts.amin(-1), parts.amax(-1)
    if args.strategy == "block":
        high, wide = args.block_structure
        padded = torch.nn.functional.pad(weight, (0, -weight.shape[1] % wide, 0, -weight.shape[0] % high))
        parts = padded.unflatten(0, (-1, high)).unflatten(-1, (-1, wide)).transpose(1, 2).flatten(2)
        return parts.amin(-1), parts.amax(-1)
    size = args.group_size if args.strategy in ("group", "tensor_group") else weight.shape[1]
    parts = weight.unflatten(-1, (-1, size))
    return parts.amin(-1), parts.amax(-1)


def make(name, number):
    form, weights, activations = CASES[name]
    args = QuantizationArgs(**weights)
    scheme = QuantizationScheme(targets=[name], weights=args, format=form,
                                input_activations=activations and QuantizationArgs(**activations))
    generator = torch.Generator().manual_seed(number)
    weight = torch.randn(ROWS, COLUMNS, generator=generator) * torch.rand(ROWS, 1, generator=generator)
    low, high = extremes(weight, args)
    whole = generate_gparam(weight.min(), weight.max()) if args.strategy == "tensor_group" else None
    scale, zero = calculate_qparams(low, high, args, global_scale=whole)
    if args.scale_dtype is None:
        scale = scale.half().float()
    state = {"weight": weight, "weight_scale": scale, "weight_zero_point": zero}
    if whole is not None:
        state["weight_global_scale"] = whole
    if args.scale_dtype is torch.uint8:
        state["weight_scale"] = 2.0 ** (scale.float() - 127) if scale.max() > 100 else scale
    compressor = BaseCompressor.get_value_from_registry(form)
    packed = compressor.compress(state, scheme)
    exact = dict(packed)
    golden = compressor.decompress(exact, scheme)["weight"].float().contiguous()
    if whole is not None:  # it would round to bfloat16
        levels = unpack_fp4_from_uint8(packed["weight_packed"], ROWS, COLUMNS, dtype=torch.float32)
        golden = dequantize(levels, packed["weight_scale"].float(), args=args, global_scale=whole, dtype=torch.float32)
    if args.scale_dtype is None:
        packed["weight_scale"] = packed["weight_scale"].half()
    return scheme, packed, golden


def main():
    HERE.mkdir(exist_ok=True)
    groups, tensors, golden = {}, {}, {}
    for number, name in enumerate(CASES):
        scheme, packed, golden[f"{name}.weight"] = make(name, number)
        groups[name] = json.loads(scheme.model_dump_json())
        for part, value in packed.items():
            tensors[f"{name}.{part}"] = value.contiguous()
    tensors["plain.weight"] = torch.ones(2, 2)
    tensors["int8_channel.input_scale"] = torch.ones(1)
    config = {"model_type": "llama", "quantization_config": {
        "quant_method": "compressed-tensors", "format": "mixed-precision", "quantization_status": "compressed",
        "config_groups": groups, "ignore": ["plain"], "kv_cache_scheme": None}}
    (HERE / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(tensors, HERE / "model.safetensors", metadata={"format": "pt"})
    save_file(golden, HERE / "golden.safetensors")


main()
