#!/usr/bin/env python3
"""Loads what `linnet quantize --format compressed-tensors` writes in transformers, and holds it against linnet itself.

    python3 -m venv V && V/bin/pip install torch transformers compressed-tensors
    V/bin/python tests/acceptance/compressed_folders.py PROGRAM F16.gguf TEXT CALIBRATION [--chunks N] [SCHEME ...]

Each scheme's folder is loaded by transformers with the package compressed-tensors, which unpacks the weights with its
own code (no weight may be missing or left over), and reads the first chunks of TEXT in float32. Once as the scheme
says, the package rounding what is multiplied with: linnet rounds this in its own way, so that only tells how far the
two are apart, and must stay within a tenth. And once with inputs left alone: perplexity must then be that of `linnet
eval --math f32` of the same folder to 1e-5 (with zero points to 1e-3: linnet keeps their offsets in float16, the
package the weights). The folder made a GGUF file must have the folder's perplexity in linnet. Exits with 1 where
anything differs."""
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
from compressed_tensors.quantization import disable_quantization

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


def load(folder, **more):
    model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                                      output_loading_info=True, **more)
    return model.eval(), {key: value for key, value in report.items() if value}


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
            words = ["--calibration", *words, "--calibration-chunks", "8"] if words else []
            name, *more = scheme.split()
            linnet(options, "quantize", options.model, folder, "--format", "compressed-tensors", "--scheme", name,
                   *more, *words)
            ours = evaluated(options, folder)
            # The package then expects zero points unpacked, and unpacks float4 to bfloat16 whatever the model has,
            # unless it unpacks all at once.
            if name == "W4A16_ASYM" or "FP4" in name:
                more = dict(quantization_config=transformers.CompressedTensorsConfig(dequantize=True))
                model, odd = load(folder, **more)
                plain, close = computed(model.float(), ids, options.chunks), 1e-3 if "ASYM" in name else 1e-5
            else:
                model, odd = load(folder)
                with_inputs = computed(model, ids, options.chunks)
                judge(f"{scheme}: near with rounded inputs", abs(with_inputs / ours - 1) < 0.1, with_inputs)
                model.apply(disable_quantization)
                plain, close = computed(model, ids, options.chunks), 1e-5
            judge(f"{scheme}: loads", not odd, odd or "")
            judge(f"{scheme}: the same weights", abs(plain / ours - 1) < close, plain, ours)
            linnet(options, "export", folder, f"{temporary}/made.gguf", "--format", "gguf")
            again = evaluated(options, f"{temporary}/made.gguf")
            judge(f"{scheme}: the same as a GGUF file", abs(again / ours - 1) < 1e-5, again)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
