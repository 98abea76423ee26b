#!/usr/bin/env python3
"""Makes the files in formats/ beside it: what the packages `gguf` and `safetensors` write of a few small tensors.
The tests read them, and what linnet writes of the same content must have the same bytes.

    python3 -m venv V && V/bin/pip install numpy gguf safetensors
    V/bin/python tests/golden/make_formats.py [--read FOLDER]

--read opens the .gguf and .safetensors files of a folder with these packages and prints what they find."""
import argparse
import pathlib

import gguf
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "formats"


def pattern(size):
    return np.array([i * 37 % 251 for i in range(size)], dtype=np.uint8)


def tensors():
    """Name, array of bytes in the shape of the data, number format."""
    kind = gguf.GGMLQuantizationType
    yield "token_embd.weight", pattern(3 * 7 * 2).reshape(3, 14), kind.F16
    yield "cube", pattern(2 * 3 * 5 * 4).reshape(2, 3, 20), kind.F32
    yield "blk.0.ffn_up.weight", pattern(4 * 2 * 18).reshape(4, 36), kind.Q4_0
    yield "vector", pattern(17 * 4).reshape(68), kind.F32


def write_gguf(path, alignment=None, split_max_tensors=0):
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=split_max_tensors)
    writer.add_uint8("u8", 7)
    writer.add_int8("i8", -7)
    writer.add_uint16("u16", 60000)
    writer.add_int16("i16", -300)
    writer.add_uint32("u32", 4000000000)
    writer.add_int32("i32", -70000)
    writer.add_float32("f32", 0.25)
    writer.add_uint64("u64", 2**64 - 1)
    writer.add_int64("i64", -5000000000)
    writer.add_float64("f64", 0.1)
    writer.add_bool("yes", True)
    writer.add_string("text", "h\u00e9llo")
    writer.add_array("words", ["a", "", "ccc"])
    writer.add_array("numbers", [1, -2, 3])
    writer.add_array("floats", [0.5, -1.0])
    writer.add_array("flags", [True, False])
    if alignment:
        writer.add_custom_alignment(alignment)
    for name, data, kind in tensors():
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_safetensors(path):
    arrays = {  # in the order in which the package puts them: by width, then by name
        "cube": np.frombuffer(pattern(2 * 3 * 5 * 4).tobytes(), np.float32).reshape(2, 3, 5),
        "scalar": np.array(0.5, np.float32),
        "embed": np.frombuffer(pattern(3 * 7 * 2).tobytes(), np.float16).reshape(3, 7),
    }
    save_file(arrays, path, metadata={"format": "pt"})


def read(folder):
    for path in sorted(folder.glob("*.gguf")):
        reader = gguf.GGUFReader(path)
        print(path.name, "version", reader.fields["GGUF.version"].parts[-1][0], len(reader.fields), "fields")
        for tensor in reader.tensors:
            print("  ", tensor.name, tensor.tensor_type.name, list(tensor.shape), int(tensor.data_offset),
                  int(tensor.data.view(np.uint8).astype(np.uint64).sum()))
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "numpy") as file:
            print(path.name, file.metadata())
            for name in file.keys():
                part = file.get_slice(name)
                print("  ", name, part.get_dtype(), part.get_shape())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", type=pathlib.Path)
    options = parser.parse_args()
    if options.read:
        read(options.read)
    else:
        HERE.mkdir(exist_ok=True)
        write_gguf(HERE / "whole.gguf")
        write_gguf(HERE / "aligned.gguf", alignment=64)
        write_gguf(HERE / "split.gguf", split_max_tensors=2)
        write_safetensors(HERE / "model.safetensors")
