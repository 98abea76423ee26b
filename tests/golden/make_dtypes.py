#!/usr/bin/env python3
"""Makes dtypes.txt beside it: what the number formats must decode to and encode to, bit for bit.

    python3 -m venv V && V/bin/pip install numpy gguf ml_dtypes
    V/bin/python tests/golden/make_dtypes.py [--check libggml-base.so]

The judge is the package `gguf` where it implements a format, `ml_dtypes` for the 8-bit floats, and the few lines of
numpy below for the rest. --check compares each of them with the functions of a ggml library as well.

A line is one of
    decode <format> <blocks, hex> <float32 bits, hex>
    decode_many <format> <seed> <blocks> <digest of the float32 bits>
    encode <format> <float32 bits, hex> <blocks, hex>
    encode_many <format> <seed> <blocks> <digest of the bytes>
The inputs of `many` come from splitmix64, so that the test makes them itself. NaN counts as 0x7fc00000 throughout.
"""
import argparse
import ctypes
import pathlib

import gguf
import ml_dtypes
import numpy as np

from draws import U64, digest, splitmix

MANY = 512  # blocks of 256 values; the same number of values for the others


def bits_of(floats):
    return np.where(np.isnan(floats), np.uint32(0x7FC00000), floats.astype(np.float32).view(np.uint32))


def random_blocks(seed, size):
    return splitmix(seed, (size + 7) // 8).view(np.uint8)[:size]


def random_floats(seed, values, group):
    """24-bit integers, scaled by a power of two that a group shares."""
    draws = splitmix(seed, values)
    exponents = (draws[::group] & U64(15)).astype(np.int32).repeat(group)[:values] - 35
    return np.ldexp(((draws >> U64(40)).astype(np.int64) - (1 << 23)).astype(np.float32), exponents).astype(np.float32)


# ---- formats that the packages lack ----

def half(blocks, at):
    return blocks[:, at:at + 2].copy().view(np.float16).astype(np.float32)


def decode_q8_1(blocks):
    return half(blocks, 0) * blocks[:, 4:].view(np.int8).astype(np.float32)


def decode_q8_k(blocks):
    return blocks[:, :4].copy().view(np.float32) * blocks[:, 4:260].view(np.int8).astype(np.float32)


def decode_q1_0(blocks):
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
    return np.where(bits == 1, half(blocks, 0), -half(blocks, 0))


def decode_q2_0(blocks):
    q = blocks[:, 2:, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    return half(blocks, 0) * (q.reshape(-1, 64).astype(np.float32) - 1)


def by_dtype(dtype):
    return lambda blocks: blocks.view(dtype).astype(np.float32)


def round_away(x):
    return np.sign(x) * np.floor(np.abs(x).astype(np.float64) + 0.5)


def inverse_of(scale):
    with np.errstate(divide="ignore"):
        return np.where(scale == 0, np.float32(0), np.float32(1) / scale)


def summed(terms):
    """From left to right in float32, unlike np.sum."""
    total = np.zeros((terms.shape[0], 1), dtype=np.float32)
    for column in terms.T:
        total[:, 0] += column
    return total


def largest(x):
    return np.take_along_axis(x, np.abs(x).argmax(axis=1, keepdims=True), axis=1)


def join(*parts):
    return np.concatenate([part.view(np.uint8) for part in parts], axis=1)


def pack_nibbles(q, half):
    q = q.astype(np.uint8).reshape(q.shape[0], -1, 2, half)
    return (q[:, :, 0] | q[:, :, 1] << 4).reshape(q.shape[0], -1)


def encode_q8_1(x):
    scale = np.abs(x).max(axis=1, keepdims=True) / np.float32(127)
    q = round_away(x * inverse_of(scale)).astype(np.int8)
    total = q.astype(np.int32).sum(axis=1, keepdims=True).astype(np.float32) * scale
    return join(scale.astype(np.float16), total.astype(np.float16), q)


def encode_q8_k(x):
    inverse = np.float32(-127) / largest(x)
    q = np.minimum(127, np.rint(inverse * x)).astype(np.int8)
    sums = q.reshape(-1, 16, 16).sum(axis=2, dtype=np.int16)
    return join(np.float32(1) / inverse, q, sums)


def encode_q1_0(x):
    scale = summed(np.abs(x)) / np.float32(128)
    return join(scale.astype(np.float16), np.packbits(x >= 0, axis=1, bitorder="little"))


def encode_q2_0(x):
    scale = np.abs(x).max(axis=1, keepdims=True)
    q = (round_away(x * inverse_of(scale)) + 1).astype(np.uint8).reshape(-1, 16, 4)
    return join(scale.astype(np.float16), q[..., 0] | q[..., 1] << 2 | q[..., 2] << 4 | q[..., 3] << 6)


def encode_iq4_nl(x):
    levels = np.array(gguf.quants.IQ4_NL.kvalues, dtype=np.float32)
    scaled = x * (np.float32(1) / (largest(x) / levels[0]))
    upper = np.clip(np.searchsorted(levels, scaled, side="right"), 1, 15)
    q = np.where(scaled - levels[upper - 1] < levels[upper] - scaled, upper - 1, upper)
    weighted = x * x * levels[q]
    scale = summed(weighted * x) / summed(weighted * levels[q])
    return join(scale.astype(np.float16), pack_nibbles(q, 16))


def encode_nvfp4(x):
    groups = x.reshape(-1, 16)
    code = gguf.quants.NVFP4.fp32_to_ue4m3(np.abs(groups).max(axis=1, keepdims=True) / np.float32(6))
    scale = gguf.quants.NVFP4.ue4m3_to_fp32(code).astype(np.float32)
    levels = np.array(gguf.quants.NVFP4.kvalues, dtype=np.float32)
    q = np.abs(scale[..., None] * levels - groups[..., None]).argmin(axis=2)
    return join(code.reshape(-1, 4), pack_nibbles(q.reshape(-1, 64), 8))


OWN_DECODE = {
    "q8_1": decode_q8_1, "q8_k": decode_q8_k, "q1_0": decode_q1_0, "q2_0": decode_q2_0, "f64": by_dtype(np.float64),
    "f8_e4m3": by_dtype(ml_dtypes.float8_e4m3fn), "f8_e5m2": by_dtype(ml_dtypes.float8_e5m2),
    "f8_e8m0": by_dtype(ml_dtypes.float8_e8m0fnu),
}
OWN_ENCODE = {
    "q8_1": encode_q8_1, "q8_k": encode_q8_k, "q1_0": encode_q1_0, "q2_0": encode_q2_0, "iq4_nl": encode_iq4_nl,
    "nvfp4": encode_nvfp4,
}

# name: values and bytes of a block, whether the table has an encoder
FORMATS = {
    "f16": (1, 2, True), "bf16": (1, 2, True), "f64": (1, 8, False),
    "q4_0": (32, 18, True), "q4_1": (32, 20, True), "q5_0": (32, 22, True), "q5_1": (32, 24, True),
    "q8_0": (32, 34, True), "q8_1": (32, 36, True),
    "q2_k": (256, 84, False), "q3_k": (256, 110, False), "q4_k": (256, 144, False), "q5_k": (256, 176, False),
    "q6_k": (256, 210, False), "q8_k": (256, 292, True),
    "iq1_s": (256, 50, False), "iq1_m": (256, 56, False), "iq2_xxs": (256, 66, False), "iq2_xs": (256, 74, False),
    "iq2_s": (256, 82, False), "iq3_xxs": (256, 98, False), "iq3_s": (256, 110, False),
    "iq4_nl": (32, 18, True), "iq4_xs": (256, 136, False), "mxfp4": (32, 17, True), "nvfp4": (64, 36, True),
    "tq1_0": (256, 54, True), "tq2_0": (256, 66, True), "q2_0": (64, 18, True), "q1_0": (128, 18, True),
    "f8_e4m3": (1, 1, False), "f8_e5m2": (1, 1, False), "f8_e8m0": (1, 1, False),
}


def decode(name, blocks):
    values, size, _ = FORMATS[name]
    blocks = blocks.reshape(-1, size)
    with np.errstate(all="ignore"):
        if name in OWN_DECODE:
            return OWN_DECODE[name](blocks).ravel()
        return gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[name.upper()]).ravel()


def encode(name, floats):
    values, _, _ = FORMATS[name]
    rows = floats.reshape(-1, values)
    with np.errstate(all="ignore"):
        if name in OWN_ENCODE:
            return OWN_ENCODE[name](rows).ravel()
        return gguf.quants.quantize(rows, gguf.GGMLQuantizationType[name.upper()]).view(np.uint8).ravel()


class Ggml:
    """The same by a ggml library, to check the judge."""
    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def function(self, pattern, name):
        for spelled in (name, name.replace("_k", "_K")):
            found = getattr(self.library, pattern.format(spelled), None)
            if found:
                return found
        return None

    def decode(self, name, blocks):
        run = self.function("dequantize_row_{}", name)
        if run is None:
            return None
        values, size, _ = FORMATS[name]
        out = np.empty(blocks.size // size * values, dtype=np.float32)
        run(blocks.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(out.size))
        return out

    def encode(self, name, floats):
        run = self.function("quantize_row_{}_ref", name)
        if run is None:
            return None
        values, size, _ = FORMATS[name]
        out = np.zeros(floats.size // values * size, dtype=np.uint8)
        run(floats.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(floats.size))
        return out


def hex_of(array):
    return array.tobytes().hex()


def lines(name, seed, ggml):
    values, size, encodes = FORMATS[name]
    count = MANY * 256 // values
    few = max(1, 8 // values)

    sample = random_blocks(seed, size * few)
    yield f"decode {name} {hex_of(sample)} {hex_of(bits_of(decode(name, sample)))}"
    blocks = random_blocks(seed + 1, size * count)
    floats = decode(name, blocks)
    yield f"decode_many {name} {seed + 1} {count} {digest(bits_of(floats)):016x}"
    if ggml and (theirs := ggml.decode(name, blocks)) is not None:
        print(name, "decode", "equal" if np.array_equal(bits_of(theirs), bits_of(floats)) else "DIFFERS")

    if not encodes:
        return
    sample = random_floats(seed + 2, values * few, values)
    yield f"encode {name} {hex_of(sample)} {hex_of(encode(name, sample))}"
    many = random_floats(seed + 3, values * count, values)
    blocks = encode(name, many)
    padded = np.concatenate([blocks, np.zeros(-blocks.size % 4, dtype=np.uint8)])
    yield f"encode_many {name} {seed + 3} {count} {digest(padded.view(np.uint32)):016x}"
    if ggml and (theirs := ggml.encode(name, many)) is not None:
        print(name, "encode", "equal" if np.array_equal(theirs, blocks) else "DIFFERS")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", metavar="LIBRARY")
    arguments = parser.parse_args()
    ggml = Ggml(arguments.check) if arguments.check else None
    target = pathlib.Path(__file__).with_name("dtypes.txt")
    with open(target, "w") as out:
        print("# made by make_dtypes.py", file=out)
        for place, name in enumerate(FORMATS):
            for line in lines(name, 1000 + 10 * place, ggml):
                print(line, file=out)


if __name__ == "__main__":
    main()
