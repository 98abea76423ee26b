#!/usr/bin/env python3
"""Loads what `linnet quantize --format compressed-tensors` writes in transformers, and holds it against linnet itself.

    python3 -m venv V && V/bin/pip install torch transformers compressed-tensors
    V/bin/python tests/acceptance/compressed_folders.py PROGRAM F16.gguf TEXT CALIBRATION [--chunks N] [SCHEME ...]

Each scheme's folder is loaded by transformers with the package compressed-tensors, which unpacks the weights with its
own code (and must say so without warnings about weights that are missing or not expected), and reads the first chunks
of TEXT in float32. Once with what is multiplied with left alone: perplexity must then be that of `linnet eval --math
f32` of the same folder to 1e-4 (with zero points to 1e-3: linnet keeps their offsets in float16). And once as the
scheme says, with activations rounded by the package: linnet rounds these in its own way, so that only tells how far
the two are apart, and must stay within a tenth. The folder made a GGUF file must have the folder's perplexity in
linnet. Exits with 1 where anything differs."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
import transformers

SCHEMES = {
    "W4A16": [], "W4A16_ASYM": [], "W8A16": [], "W3A16": [], "W4A16 --strategy channel": [], "W8A8": [],
    "W8A8 --strategy tensor": [], "W4A8": [], "W8A8_STATIC": ["--calibration"], "FP8": ["--calibration"],
    "FP8_DYNAMIC": [], "FP8_BLOCK": [], "MXFP4": [], "MXFP4A16": [], "NVFP4": ["--calibration"], "NVFP4A16": [],
    "W4A16 --gptq": ["--calibration"], "W8A8 --smooth 0.5": ["--calibration"], "W4A16 --awq": ["--calibration"],
}
CONTEXT = 512


def linnet(options, *words, text=None):
    done = subprocess.run([options.program, *words, "--json"], capture_output=True, text=True, input=text)
    if done.returncode != 0:
        sys.exit(f"linnet {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def evaluated(options, model):
    return linnet(options, "eval", model, "--task", "perplexity", "--file", options.text, "--chunks",
                  str(options.chunks), "--math", "f32")["perplexity"]


def computed(model, ids, chunks):
    found = []
    for i in range(chunks):
        chunk = torch.tensor(ids[i * CONTEXT:(i + 1) * CONTEXT])
        with torch.no_grad():
            logs = torch.log_softmax(model(chunk[None]).logits[0].double(), -1)
        found.append(-logs[CONTEXT // 2:-1].gather(1, chunk[CONTEXT // 2 + 1:, None])[:, 0].numpy())
    return float(np.exp(np.concatenate(found).mean()))


def read(folder, ids, chunks, **more):
    model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                                      output_loading_info=True, **more)
    return computed(model.eval(), ids, chunks), {key: value for key, value in report.items() if value}


def main():
    arguments = argparse.ArgumentParser()
    for name in ("program", "model", "text", "calibration"):
        arguments.add_argument(name)
    arguments.add_argument("schemes", nargs="*")
    arguments.add_argument("--chunks", type=int, default=2)
    options = arguments.parse_args()
    torch.set_num_threads(2)
    transformers.utils.logging.disable_progress_bar()
    warnings.simplefilter("ignore")  # that settings of the call win over those of the folder
    text = pathlib.Path(options.text).read_text(errors="ignore")[:8 * CONTEXT * options.chunks]
    ids = linnet(options, "tokenize", options.model, text=text)["ids"]
    wrong = 0

    def judge(what, fine, *numbers):
        nonlocal wrong
        wrong += not fine
        print("ok  " if fine else "FAIL", what, *numbers, flush=True)

    for scheme in options.schemes or SCHEMES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = f"{temporary}/folder"
            words = [options.calibration if word == "--calibration" else word for word in SCHEMES[scheme]]
            words = ["--calibration", *words, "--calibration-chunks", "16"] if words else []
            name, *more = scheme.split()
            linnet(options, "quantize", options.model, folder, "--format", "compressed-tensors", "--scheme", name,
                   *more, *words)
            plain, odd = read(folder, ids, options.chunks,
                              quantization_config=transformers.CompressedTensorsConfig(dequantize=True))
            judge(f"{scheme}: loads", not odd, odd or "")
            rounding_inputs, _ = read(folder, ids, options.chunks)
            ours = evaluated(options, folder)
            close = 1e-3 if "ASYM" in scheme else 1e-4
            judge(f"{scheme}: the same weights", abs(plain / ours - 1) < close, plain, ours)
            judge(f"{scheme}: near with rounded inputs", abs(rounding_inputs / ours - 1) < 0.1, rounding_inputs)
            linnet(options, "export", folder, f"{temporary}/made.gguf", "--format", "gguf")
            again = evaluated(options, f"{temporary}/made.gguf")
            judge(f"{scheme}: the same as a GGUF file", abs(again / ours - 1) < 1e-5, again)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
