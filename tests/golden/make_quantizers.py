#!/usr/bin/env python3
"""Makes quantizers.txt beside it: what weights must become in the number formats that are written, byte for byte.

    python3 -m venv V && V/bin/pip install numpy
    V/bin/python tests/golden/make_quantizers.py libggml-base.so

The judge is ggml_quantize_chunk of a ggml library compiled with -ffp-contract=off. A line is

    <format> <plain or weighted> <columns> <seed> <digest of the bytes of ROWS rows>

Weights and importances come from splitmix64, so that the test makes them itself.
"""
import ctypes
import pathlib
import sys

import numpy as np

from draws import U64, digest, splitmix

ROWS = 48
FORMATS = {  # ggml's number, values and bytes of a block
    "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22), "q5_1": (7, 32, 24), "q8_0": (8, 32, 34),
    "q2_k": (10, 256, 84), "q3_k": (11, 256, 110), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176),
    "q6_k": (14, 256, 210), "iq4_nl": (20, 32, 18), "iq4_xs": (23, 256, 136), "tq1_0": (34, 256, 54),
    "tq2_0": (35, 256, 66), "mxfp4": (39, 32, 17), "q1_0": (41, 128, 18), "q2_0": (42, 64, 18),
}


def digest_of_bytes(data):
    return digest(np.concatenate([data, np.zeros(-data.size % 4, np.uint8)]).view(np.uint32))


def weights(seed, count):
    """Bell-shaped, in groups of 32 of their own spread; some groups are zero, positive or tiny."""
    draws = splitmix(seed, count)
    sums = sum((draws >> U64(16 * i) & U64(0xFFFF)).astype(np.int64) for i in range(4)) - 131070
    groups = splitmix(seed ^ 1, count // 32)
    kind, spread = (groups & U64(63)).repeat(32), (groups >> U64(6) & U64(3)).astype(np.int32).repeat(32) - 22
    sums = np.where(kind == 0, 0, np.where(kind == 1, sums + 131072, sums))
    return np.ldexp(sums.astype(np.float32), np.where(kind == 2, spread - 40, spread)).astype(np.float32)


def importances(seed, count):
    draws = splitmix(seed ^ 2, count)
    return np.ldexp((draws >> U64(40)).astype(np.float32), (draws & U64(7)).astype(np.int32) - 24).astype(np.float32)


def main():
    library = ctypes.CDLL(sys.argv[1])
    quantize = library.ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    library.ggml_quantize_init.argtypes = [ctypes.c_int]
    lines = []
    for seed, (name, (number, values, size)) in enumerate(FORMATS.items(), 100):
        columns = 768 if values > 32 else 608  # 19 blocks: no multiple of what a search does at once
        x = weights(seed, ROWS * columns)
        importance = importances(seed, columns)
        library.ggml_quantize_init(number)
        for kind in ("plain", "weighted"):
            out = np.zeros(ROWS * columns // values * size, np.uint8)
            quantize(number, x.ctypes.data, out.ctypes.data, 0, ROWS, columns,
                     importance.ctypes.data if kind == "weighted" else None)
            lines.append(f"{name} {kind} {columns} {seed} {digest_of_bytes(out):016x}\n")
    pathlib.Path(__file__).with_name("quantizers.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
