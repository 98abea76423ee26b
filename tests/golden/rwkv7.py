"""RWKV-7 in plain numpy, after the equations of "RWKV-7 Goose" (Peng et al. 2025): what families_rwkv7.py holds ours
against, as `transformers` lacks it.

    V/bin/python tests/golden/rwkv7.py FOLDER

checks it itself: FOLDER is tiny-rwkv of rwkv.cpp's tests, whose logits that program computed."""
import pathlib
import struct
import sys

import numpy as np

BLENDS = "rwkvag"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer_norm(x, weight, bias, epsilon=1e-5):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight + bias


class Rwkv7:
    """w: tensors by name ("emb", "blocks.0.att.x_r", ...), projections with a row for each output."""

    def __init__(self, w, layers, head_dim):
        self.w = {name: np.asarray(value, np.float64) for name, value in w.items()}
        self.layers, self.n = layers, head_dim
        self.dim = self.w["emb"].shape[1]
        self.heads = self.dim // head_dim
        self.shifts = np.zeros((layers, 2, self.dim))
        self.states = np.zeros((layers, self.heads, head_dim, head_dim))

    def time_mix(self, layer, x, first_value):
        def p(name):
            return self.w[f"blocks.{layer}.att.{name}"]

        before, self.shifts[layer, 0] = self.shifts[layer, 0].copy(), x
        xs = {b: x + (before - x) * p(f"x_{b}").reshape(-1) for b in BLENDS}
        r, k, v = p("receptance") @ xs["r"], p("key") @ xs["k"], p("value") @ xs["v"]
        w = np.exp(-0.606531 * sigmoid(p("w2") @ np.tanh(p("w1") @ xs["w"]) + p("w0").reshape(-1)))
        a = sigmoid(p("a2") @ (p("a1") @ xs["a"]) + p("a0").reshape(-1))
        g = p("g2") @ sigmoid(p("g1") @ xs["g"])
        if layer == 0:
            first_value = v
        else:
            v = v + (first_value - v) * sigmoid(p("v2") @ (p("v1") @ xs["v"]) + p("v0").reshape(-1))
        kk = (k * p("k_k").reshape(-1)).reshape(self.heads, self.n)
        kk = kk / np.maximum(np.linalg.norm(kk, axis=1, keepdims=True), 1e-12)
        k = k * (1 + (a - 1) * p("k_a").reshape(-1))
        r, w, k, v, a = (x.reshape(self.heads, self.n) for x in (r, w, k, v, a))
        s = self.states[layer]
        removed = np.einsum("hij,hj->hi", s, kk)
        s = s * w[:, None, :] - removed[:, :, None] * (kk * a)[:, None, :] + v[:, :, None] * k[:, None, :]
        self.states[layer] = s
        y = layer_norm(np.einsum("hij,hj->hi", s, r), 1, 0, 64e-5).reshape(-1)
        y = y * p("ln_x.weight").reshape(-1) + p("ln_x.bias").reshape(-1)
        y = y + ((r * k * p("r_k").reshape(self.heads, self.n)).sum(1, keepdims=True) * v).reshape(-1)
        return p("output") @ (y * g), first_value

    def channel_mix(self, layer, x):
        def p(name):
            return self.w[f"blocks.{layer}.ffn.{name}"]

        before, self.shifts[layer, 1] = self.shifts[layer, 1].copy(), x
        return p("value") @ np.maximum(p("key") @ (x + (before - x) * p("x_k").reshape(-1)), 0) ** 2

    def step(self, token):
        """The logits behind one more token."""
        def norm(x, name):
            return layer_norm(x, self.w[name + ".weight"].reshape(-1), self.w[name + ".bias"].reshape(-1))

        x, first_value = norm(self.w["emb"][token], "blocks.0.ln0"), None
        for layer in range(self.layers):
            y, first_value = self.time_mix(layer, norm(x, f"blocks.{layer}.ln1"), first_value)
            x = x + y
            x = x + self.channel_mix(layer, norm(x, f"blocks.{layer}.ln2"))
        return self.w["head"] @ norm(x, "ln_out")


def read_rwkv_cpp(path):
    """A file of rwkv.cpp in float32: a header of six int32, then name, shape and values of each tensor."""
    data = pathlib.Path(path).read_bytes()
    layers = struct.unpack_from("<6i", data)[4]
    at, tensors = 24, {}
    while at < len(data):
        rank, length, kind = struct.unpack_from("<3i", data, at)
        shape = struct.unpack_from(f"<{rank}i", data, at + 12)[::-1]
        at += 12 + 4 * rank
        name = data[at:at + length].decode()
        at += length
        assert kind == 0, f"{name} is not in float32"
        tensors[name] = np.frombuffer(data, "<f4", int(np.prod(shape)), at).reshape(shape)
        at += 4 * int(np.prod(shape))
    return tensors, layers


def main():
    folder = pathlib.Path(sys.argv[1])
    tensors, layers = read_rwkv_cpp(folder / "tiny-rwkv-7v0-834K-FP32.bin")
    names = {name.removesuffix(".weight") if not name.split(".")[-2].startswith("ln") else name: value
             for name, value in tensors.items()}
    for layer in range(layers):
        for blend, row in zip(BLENDS, names.pop(f"blocks.{layer}.att.x_rwkvag")):
            names[f"blocks.{layer}.att.x_{blend}"] = row
    model = Rwkv7(names, layers, names["blocks.0.att.r_k"].shape[-1])
    for token in b'"in':
        logits = model.step(token)
    expected = np.fromfile(folder / "expected-logits-7v0-834K.bin", "<f4")
    print("largest difference", np.abs(logits - expected).max(), "of", np.abs(expected).max())


if __name__ == "__main__":
    main()
