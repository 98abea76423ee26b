#!/usr/bin/env python3
"""Writes the seed files of the fuzzer that reads saved states, without their hashes. Standard
library only; the same bytes on every run."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "state_fuzz"


def state(header, rest, version=2, magic=b"LINNETST"):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return magic + struct.pack("<IQ", version, len(text)) + text + rest


def write(name, data):
    HERE.mkdir(exist_ok=True)
    (HERE / name).write_bytes(data)


def main():
    header = {
        "settings": {"model": "0" * 64, "adapter": "none", "math": "fast", "kv": "int16", "context": "256"},
        "tokens": 34,
        "computed": 32,
        "page_bytes": 16,
        "state_floats": 0,
        "states": [],
        "note": '{"messages":[]}',
        "sampler": ["1", "2", "3", "4", "0"],
    }
    tokens = struct.pack("<34i", *range(34))
    pages = bytes(range(16))
    write("attention", state(header, tokens + pages))
    recurrent = header | {"page_bytes": 0, "state_floats": 3, "states": [16, 32]}
    write("recurrent", state(recurrent, tokens + struct.pack("<6f", *range(6))))
    write("nothing", state(header | {"tokens": 0, "computed": 0, "page_bytes": 0}, b""))
    write("newer", state(header, b"", version=3))
    write("elsewhere", state(header, b"", magic=b"LINNETSX"))
    write("many-tokens", state(header | {"tokens": 1 << 62}, tokens))
    write("many-bytes", state(header | {"page_bytes": (1 << 64) - 1}, tokens))
    write("many-floats", state(recurrent | {"state_floats": 1 << 62}, tokens))
    write("many-states", state(recurrent | {"states": [1] * 9}, tokens + bytes(200)))
    write("more-computed", state(header | {"computed": 35}, tokens + pages))
    write("more-bytes", state(header, tokens + pages + b"more"))
    write("stuck", state(header | {"sampler": ["0"] * 5}, tokens + pages))
    write("not-finite", state(header | {"sampler": ["1", "2", "3", "4", str(0x7FC00000)]}, tokens + pages))
    write("long-header", state(header, tokens)[:12] + struct.pack("<Q", (1 << 64) - 1))
    write("no-json", state(b"{", tokens))


if __name__ == "__main__":
    main()
