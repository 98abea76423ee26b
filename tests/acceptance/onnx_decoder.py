#!/usr/bin/env python3
"""Runs what `linnet export --format onnx` writes in onnxruntime, and holds it against linnet itself.

    python3 -m venv V && V/bin/pip install numpy onnx onnxruntime
    V/bin/python tests/acceptance/onnx_decoder.py PROGRAM MODEL.gguf TEXT [--type f16] [--chunks N]

The file must pass ONNX's checker. Perplexity, read at once, must be that of `linnet eval --math f32`: float32 to 1e-4,
float16 to 1e-2, 8-bit integers to 2e-2 (what they lose in linnet's q8_0 as well), those of 4 bits to 0.3. A text read
in two steps, with keys and values handed on, and one padded on the left must have the logits of the same text read at
once; with integers to 0.1, as onnxruntime then rounds activations too. Exits with 1 where anything differs."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime


def linnet(options, *words, text=None):
    done = subprocess.run([options.program, *words, "--json"], capture_output=True, text=True, input=text)
    if done.returncode != 0:
        sys.exit(f"linnet {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


class Decoder:
    def __init__(self, path):
        threads = onnxruntime.SessionOptions()
        threads.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(path, threads, providers=["CPUExecutionProvider"])
        self.past = [i for i in self.session.get_inputs() if i.name.startswith("past")]

    def empty(self):
        types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
        return {i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), types[i.type]) for i in self.past}

    def step(self, ids, past, mask=None):
        """Logits of each token, and the keys and values up to the last."""
        before = next(iter(past.values())).shape[2]
        mask = np.ones(before + len(ids), np.int64) if mask is None else mask
        positions = np.maximum(np.cumsum(mask) - 1, 0)[before:]
        feed = dict(input_ids=np.array([ids], np.int64), attention_mask=mask[None], position_ids=positions[None])
        feed.update(past)
        out = dict(zip((o.name for o in self.session.get_outputs()), self.session.run(None, feed)))
        present = {i.name: out[i.name.replace("past_key_values", "present")] for i in self.past}
        return out["logits"][0].astype(np.float64), present


def surprise(logits, ids):
    most = logits.max(-1, keepdims=True)
    logs = logits - most - np.log(np.exp(logits - most).sum(-1, keepdims=True))
    return -logs[np.arange(len(ids)), ids]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("model")
    arguments.add_argument("text")
    arguments.add_argument("--type", default="f32")
    arguments.add_argument("--chunks", type=int, default=2)
    options = arguments.parse_args()
    context, wrong = 512, 0
    close = {"f32": 1e-4, "f16": 1e-2, "q8": 2e-2, "q4": 0.3}[options.type]
    same = 0.1 if options.type in ("q8", "q4") else close

    def judge(what, fine, *numbers):
        nonlocal wrong
        wrong += not fine
        print("ok  " if fine else "FAIL", what, *numbers)

    with tempfile.TemporaryDirectory() as temporary:
        folder = f"{temporary}/onnx"
        linnet(options, "export", options.model, folder, "--format", "onnx", "--type", options.type)
        onnx.checker.check_model(f"{folder}/model.onnx", full_check=True)
        decoder = Decoder(f"{folder}/model.onnx")
        text = pathlib.Path(options.text).read_text(errors="ignore")[:8 * context * options.chunks]
        ids = linnet(options, "tokenize", options.model, text=text)["ids"]
        found = []
        for i in range(options.chunks):
            chunk = ids[i * context:(i + 1) * context]
            logits, _ = decoder.step(chunk, decoder.empty())
            found.append(surprise(logits[context // 2:-1], chunk[context // 2 + 1:]))
        evaluated = linnet(options, "eval", options.model, "--task", "perplexity", "--file", options.text, "--chunks",
                           str(options.chunks), "--math", "f32")["perplexity"]
        computed = float(np.exp(np.concatenate(found).mean()))
        judge("the same perplexity", abs(computed / evaluated - 1) < close, computed, evaluated)

        whole, _ = decoder.step(ids[:20], decoder.empty())
        first, past = decoder.step(ids[:7], decoder.empty())
        rest, _ = decoder.step(ids[7:20], past)
        away = np.abs(np.concatenate([first, rest]) - whole).max() / np.abs(whole).max()
        judge("the same in two steps", away < same, away)
        padded, _ = decoder.step([0] * 3 + ids[:20], decoder.empty(), np.array([0] * 3 + [1] * 20, np.int64))
        away = np.abs(padded[3:] - whole).max() / np.abs(whole).max()
        judge("the same behind padding", away < same, away)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
