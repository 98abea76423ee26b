#!/usr/bin/env python3
"""Writes the seed files of the fuzzers that read models, and one file for each way in which such
files have broken programs before. Standard library only; the same bytes on every run.

Names say what to expect: good-* must load, bad-* must be refused (src/formats/regression_test.cc
has the code and the sentence of each), and the others are only seeds."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
HUGE = (1 << 64) - 1


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


class Gguf:
    """A GGUF file of which any part can be wrong."""

    def __init__(self, version=3, endian="<"):
        self.version = version
        self.endian = endian
        self.entries, self.tensors, self.data = [], [], b""
        self.tensor_count = self.entry_count = None

    def pack(self, layout, value):
        return struct.pack(self.endian + layout, value)

    def length(self, value):
        return self.pack("I" if self.version == 1 else "Q", value)

    def string(self, text):
        raw = text if isinstance(text, bytes) else text.encode()
        return self.length(len(raw)) + raw

    def entry(self, key, kind, value):
        self.entries.append(self.string(key) + self.pack("I", kind) + value)
        return self

    def text(self, key, value):
        return self.entry(key, STRING, self.string(value))

    def number(self, key, value):
        return self.entry(key, U32, self.pack("I", value))

    def array(self, key, kind, count, items):
        return self.entry(key, ARRAY, self.pack("I", kind) + self.length(count) + items)

    def strings(self, key, texts):
        return self.array(key, STRING, len(texts), b"".join(map(self.string, texts)))

    def tensor(self, name, dims, kind=0, offset=0):
        """dims innermost first, as in the file; kind 0 is float32."""
        out = self.string(name) + self.pack("I", len(dims))
        out += b"".join(self.length(dim) for dim in dims)
        self.tensors.append(out + self.pack("I", kind) + self.pack("Q", offset))
        return self

    def with_data(self, size):
        self.data = bytes(i * 37 % 251 for i in range(size))
        return self

    def counts(self, tensors=None, entries=None):
        self.tensor_count, self.entry_count = tensors, entries
        return self

    def build(self, alignment=32):
        tensors = len(self.tensors) if self.tensor_count is None else self.tensor_count
        entries = len(self.entries) if self.entry_count is None else self.entry_count
        out = b"GGUF" + self.pack("I", self.version) + self.length(tensors) + self.length(entries)
        out += b"".join(self.entries) + b"".join(self.tensors)
        if self.data:
            out += bytes(-len(out) % alignment)
        return out + self.data


def every_value(file):
    file.entry("u8", U8, b"\x07").entry("i8", I8, b"\xf9")
    file.entry("u16", U16, file.pack("H", 65535)).entry("i16", I16, file.pack("h", -2))
    file.entry("i32", I32, file.pack("i", -70000)).entry("f32", F32, file.pack("f", 0.5))
    file.entry("yes", BOOL, b"\x01").entry("u64", U64, file.pack("Q", HUGE))
    file.entry("i64", I64, file.pack("q", -1)).entry("f64", F64, file.pack("d", 0.1))
    file.array("numbers", F32, 2, file.pack("f", 1.0) + file.pack("f", -2.0))
    file.strings("words", ["a", "", "h\u00e9llo"])
    return file


def llama(file, layers=1):
    """The metadata and tensors of a llama of almost no size: width 32, one head, eight words."""
    file.text("general.architecture", "llama").text("general.name", "tiny")
    for key, value in [("block_count", layers), ("context_length", 64), ("embedding_length", 32),
                       ("feed_forward_length", 32), ("attention.head_count", 1),
                       ("attention.head_count_kv", 1), ("vocab_size", 8)]:
        file.number("llama." + key, value)
    file.text("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", list("abcdefgh"))
    file.tensor("token_embd.weight", [32, 8], 0, 0).tensor("blk.0.attn_q.weight", [32, 8], 2, 1024)
    return file.with_data(1024 + 8 * 18)


def gguf_files():
    good = {f"good-v{v}": llama(every_value(Gguf(v))).build() for v in (1, 2, 3)}
    good["good-no-tensors"] = every_value(Gguf()).build()
    good["good-alignment-64"] = (Gguf().number("general.alignment", 64).tensor("a", [3])
                                 .tensor("b", [5], 1, 64).with_data(74).build(64))
    good["good-four-dims"] = Gguf().tensor("a", [2, 3, 1, 2]).with_data(48).build()
    good["good-scalar"] = Gguf().tensor("a", []).with_data(4).build()
    inner = u32(U8) + u64(2) + b"\x01\x02" + u32(STRING) + u64(1) + u64(1) + b"x"
    good["good-nested-array"] = Gguf().array("k", ARRAY, 2, inner).build()
    # Harmless to read; whoever uses the value has to look at it.
    good["good-block-count-huge"] = llama(Gguf(), layers=0xFFFFFFFF).build()
    good["good-tokens-of-wrong-type"] = (Gguf().text("general.architecture", "llama")
                                         .array("tokenizer.ggml.tokens", U8, 3, b"abc").build())

    def one(dims, kind=0, offset=0, size=64):
        return Gguf().tensor("x", dims, kind, offset).with_data(size).build()

    whole = llama(Gguf()).build()
    bad = {
        "empty": b"",
        "four-bytes": b"GGUF",
        "cut-in-counts": whole[:20],
        "cut-in-metadata": whole[:100],
        "cut-in-data": whole[:-1],
        "version-0": Gguf(0).build(),
        "version-9": Gguf(9).build(),
        "big-endian": llama(Gguf(3, ">")).build(),
        # Counts that wrap when multiplied by the size of what they count.
        "tensor-count-overflow": Gguf().counts(tensors=1 << 61).build(),
        "tensor-count-beyond-file": Gguf().counts(tensors=1000).build(),
        "entry-count-overflow": Gguf().counts(entries=(1 << 64) // 48 + 1).build(),
        "entry-count-beyond-file": Gguf().counts(entries=60000).build(),
        "key-length-overflow": Gguf().counts(entries=1).build() + u64(HUGE) + bytes(32),
        "string-length-overflow": Gguf().entry("k", STRING, u64(HUGE)).build(),
        "string-length-beyond-file": Gguf().entry("k", STRING, u64(1 << 20)).build(),
        "array-count-overflow": Gguf().array("k", U64, (1 << 61) + 1, bytes(8)).build(),
        "array-strings-overflow": Gguf().array("k", STRING, (1 << 61) + 1, bytes(8)).build(),
        "array-strings-unbounded": Gguf().array("k", STRING, 1 << 32, bytes(64)).build(),
        "array-string-beyond-file": Gguf().array("k", STRING, 1, u64(HUGE)).build(),
        "array-nested-deep": Gguf().array("k", ARRAY, 1, (u32(ARRAY) + u64(1)) * 200).build(),
        # Types
        "value-type": Gguf().entry("k", 13, u32(1)).build(),
        "item-type": Gguf().array("k", 0xFFFFFFFF, 1, b"x").build(),
        "bool-2": Gguf().entry("k", BOOL, b"\x02").build(),
        "key-empty": Gguf().number("", 1).build(),
        "key-not-utf8": Gguf().number(b"\xff\xfe", 1).build(),
        "key-twice": Gguf().number("k", 1).number("k", 2).build(),
        # Alignment: 2^31 overflowed a buffer, 0 divided, another type was read as a number.
        "alignment-2-31": (Gguf().number("general.alignment", 1 << 31).tensor("x", [8])
                           .with_data(32).build()),
        "alignment-0": Gguf().number("general.alignment", 0).tensor("x", [8]).with_data(32).build(),
        "alignment-odd": (Gguf().number("general.alignment", 33).tensor("x", [8]).with_data(32)
                          .build()),
        "alignment-of-strings": (Gguf().strings("general.alignment", ["32"]).tensor("x", [8])
                                 .with_data(32).build()),
        # Tensors
        "dims-count": one([1] * 5),
        "dims-count-huge": Gguf().counts(tensors=1).build() + u64(1) + b"x" + u32(HUGE >> 32) + bytes(64),
        "dim-0": one([8, 0]),
        "dim-product-overflow": one([1 << 32, 1 << 32]),
        "dim-product-wraps-small": one([(1 << 63) + 1, 2, 8]),
        "dim-negative": one([HUGE]),
        "row-no-whole-blocks": one([16, 2], 2),
        "padded-size-wraps": one([(1 << 62) - 1]),  # 2^64 - 4 bytes: padding adds 4
        "type-removed": one([32], 4),
        "type-unknown": one([32], 0x7FFFFFFF),
        "name-huge": Gguf().tensor("n" * 1025, [8]).with_data(32).build(),
        "name-not-utf8": Gguf().tensor(b"\xc3\x28", [8]).with_data(32).build(),
        "offset-beyond-file": one([8], 0, 1 << 20),
        "offset-wraps": one([8], 0, HUGE - 31),
        "offset-unaligned": one([8], 0, 4),
        "data-beyond-file": one([17]),
        "tensors-overlap": (Gguf().tensor("a", [16]).tensor("b", [8], 0, 32).with_data(64)
                            .build()),
        "tensors-share-data": (Gguf().tensor("a", [8]).tensor("b", [8]).with_data(32).build()),
    }
    return good | {"bad-" + name: data for name, data in bad.items()}


def safetensors(header, size=0):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return u64(len(raw)) + raw + bytes(i * 37 % 251 for i in range(size))


def tensor(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_files():
    pair = {"a": tensor(0, 8, [2]), "b": tensor(8, 20, [2, 3], "BF16")}
    good = {
        "two": safetensors({"__metadata__": {"format": "pt"}} | pair, 20),
        "padded": safetensors(json.dumps(pair).encode() + b"     ", 20),
        "empty-tensor": safetensors({"a": tensor(0, 0, [0, 9])}),
        "scalar": safetensors({"a": tensor(0, 2, [], "F16")}, 2),
        "no-tensors": safetensors({}),
        "escapes": safetensors(b'{"__metadata__":{"\\u0000":"\\ud83d\\ude00\\n"},"\\u00e9":'
                               b'{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":[{}]}}', 4),
        "out-of-order": safetensors({"b": tensor(8, 16, [2]), "a": tensor(0, 8, [2])}, 16),
    }

    def one(fields, size=8):
        return safetensors(b'{"x":{' + fields + b"}}", size)

    whole = good["two"]
    bad = {
        "empty": b"",
        "seven-bytes": whole[:7],
        "cut-in-header": whole[:40],
        "cut-in-data": whole[:-1],
        "header-huge": u64(HUGE) + b"{}",
        "header-over-limit": u64(100_000_001) + b"{}",
        "header-beyond-file": u64(1000) + b"{}",
        "header-empty": u64(0),
        "header-array": safetensors(b"[]"),
        "header-not-json": safetensors(b'{"a":}'),
        "header-not-utf8": safetensors(b'{"\xff":{}}'),
        "header-half-surrogate": safetensors(b'{"\\ud800":{}}'),
        "header-deep": safetensors(b'{"a":{"x":' + b"[" * 5000 + b"]" * 5000 + b"}}"),
        "header-followed-by-text": safetensors(b"{}{}"),
        "metadata-number": safetensors(b'{"__metadata__":{"a":1}}'),
        "metadata-twice": safetensors(b'{"__metadata__":{},"__metadata__":{}}'),
        "metadata-key-twice": safetensors(b'{"__metadata__":{"a":"","a":""}}'),
        "fields-missing": one(b'"dtype":"F32"'),
        "field-twice": one(b'"shape":[2],"shape":[2]'),
        "dtype-unknown": one(b'"dtype":"F99","shape":[2],"data_offsets":[0,8]'),
        "dtype-number": one(b'"dtype":1'),
        "shape-overflow": one(b'"dtype":"F32","shape":[4294967296,4294967296],'
                              b'"data_offsets":[0,8]'),
        "shape-bytes-overflow": one(b'"dtype":"F32","shape":[4611686018427387904],'
                                    b'"data_offsets":[0,0]', 0),
        "shape-negative": one(b'"shape":[-1]'),
        "shape-fraction": one(b'"shape":[1.5]'),
        "shape-many-dims": one(b'"shape":[1,1,1,1,1,1,1,1,1]'),
        "shape-against-size": one(b'"dtype":"F32","shape":[3],"data_offsets":[0,8]'),
        "offsets-backwards": one(b'"data_offsets":[8,0]'),
        "offsets-beyond-file": one(b'"data_offsets":[0,9]'),
        "offsets-overflow": one(b'"data_offsets":[0,18446744073709551616]'),
        "offsets-three": one(b'"data_offsets":[0,4,8]'),
        "tensors-overlap": safetensors({"a": tensor(0, 8, [2]), "b": tensor(4, 12, [2])}, 12),
        "hole": safetensors({"a": tensor(0, 4, [1]), "b": tensor(8, 12, [1])}, 12),
        "trailing-bytes": safetensors({"a": tensor(0, 4, [1])}, 5),
    }
    out = {"good-" + name: data for name, data in good.items()}
    return out | {"bad-" + name: data for name, data in bad.items()}


def json_files():
    texts = {
        "values": b'{"a":[1,-2,0.5,1e3,18446744073709551615,true,false,null,"x"],"b":{}}',
        "escapes": b'"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"',
        "utf8": '"h\u00e9llo \U0001f600"'.encode(),
        "space": b" \n\t\r[ 1 , 2 ] ",
        "deep": b"[" * 64 + b"]" * 64,
        "too-deep": b"[" * 65 + b"]" * 65,
        "very-deep": b'{"a":' * 3000,
        "twice": b'{"a":1,"a":2}',
        "out-of-range": b"[1e999]",
        "big-integer": b"123456789012345678901234567890",
        "half-surrogate": b'"\\ud800"',
        "low-surrogate": b'"\\udc00\\ud800"',
        "not-utf8": b'"\xff\xc3"',
        "overlong-utf8": b'"\xc0\xaf"',
        "surrogate-utf8": b'"\xed\xa0\x80"',
        "control": b'"\x01"',
        "nul": b"[1\x00]",
        "nul-after-value": b"2\x00]",
        "byte-order-mark": b"\xef\xbb\xbf[]",
        "comment": b"[/*x*/]",
        "trailing-comma": b"[1,]",
        "leading-zero": b"[01]",
        "cut": b'{"a": [1, "b',
        "empty": b"",
    }
    return texts


def write(target, files, extension):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / (name + extension)).write_bytes(data)
    print(f"{target}: {len(files)} files, {sum(map(len, files.values()))} bytes")


if __name__ == "__main__":
    write("gguf_fuzz", gguf_files(), ".gguf")
    write("safetensors_fuzz", safetensors_files(), ".safetensors")
    write("json_fuzz", json_files(), ".json")
