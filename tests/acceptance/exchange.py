#!/usr/bin/env python3
"""Holds what `linnet export` writes against the programs that it is for.

    python3 -m venv V && V/bin/pip install torch transformers safetensors accelerate
    V/bin/python tests/acceptance/exchange.py PROGRAM MODEL.gguf TEXT [--chunks N] [--peer LLAMA_PERPLEXITY]

The model becomes a folder in float32, which `transformers` loads: its tokens of the text must be those of `linnet
tokenize`, and its perplexity that of `linnet eval --math f32` to 1e-4. The folder becomes a GGUF file again,
and `llama-perplexity`, where it is named, must find the same for both files, to a hundredth: with weights in blocks it
rounds activations to 8 bits. Exits with 1 where anything differs."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
import transformers as hf


def linnet(options, *words):
    done = subprocess.run([options.program, *words, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"linnet {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def perplexity(model, ids, context, chunks):
    """As llama-perplexity counts it: of each chunk the second half."""
    total = count = 0
    for i in range(chunks):
        chunk = torch.tensor(ids[i * context:(i + 1) * context])
        with torch.no_grad():
            logs = torch.log_softmax(model(chunk[None]).logits[0].double(), -1)
        first = context // 2
        total -= logs[torch.arange(first, context - 1), chunk[first + 1:]].sum().item()
        count += context - 1 - first
    return float(torch.exp(torch.tensor(total / count)))


def peer_perplexity(options, model):
    done = subprocess.run([options.peer, "-m", model, "-f", options.text, "-c", "512", "--chunks", str(options.chunks)],
                          capture_output=True, text=True)
    return float(re.search(r"PPL = ([0-9.]+)", done.stdout + done.stderr)[1])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("model")
    arguments.add_argument("text")
    arguments.add_argument("--chunks", type=int, default=4)
    arguments.add_argument("--peer")
    options = arguments.parse_args()
    hf.utils.logging.disable_progress_bar()
    context, wrong = 512, 0

    def judge(what, fine, *numbers):
        nonlocal wrong
        wrong += not fine
        print("ok  " if fine else "FAIL", what, *numbers)

    with tempfile.TemporaryDirectory() as temporary:
        folder, again = f"{temporary}/hf", f"{temporary}/again.gguf"
        linnet(options, "export", options.model, folder, "--format", "hf", "--type", "f32")
        model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = hf.AutoTokenizer.from_pretrained(folder)
        text = pathlib.Path(options.text).read_text(errors="ignore")
        start = text[:8 * context * options.chunks]
        ids = tokenizer(start)["input_ids"]
        ours = subprocess.run([options.program, "tokenize", options.model, "--json"], input=start, capture_output=True,
                              text=True)
        judge("the same tokens", json.loads(ours.stdout)["ids"] == ids, len(ids))
        evaluated = linnet(options, "eval", options.model, "--task", "perplexity", "--file", options.text, "--chunks",
                           str(options.chunks), "--math", "f32")["perplexity"]
        computed = perplexity(model, tokenizer(text)["input_ids"], context, options.chunks)
        judge("the same perplexity", abs(computed / evaluated - 1) < 1e-4, computed, evaluated)
        messages = [{"role": "user", "content": "Hello?"}]
        if tokenizer.chat_template:
            judge("a chat template that works",
                  "Hello?" in tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        linnet(options, "export", folder, again, "--format", "gguf")
        back = linnet(options, "eval", again, "--task", "perplexity", "--file", options.text, "--chunks",
                      str(options.chunks), "--math", "f32")["perplexity"]
        judge("the same perplexity back in GGUF", abs(back / evaluated - 1) < 1e-6, back, evaluated)
        if options.peer:
            one, two = peer_perplexity(options, options.model), peer_perplexity(options, again)
            judge("the same perplexity of the peer", abs(one / two - 1) < 1e-2, one, two)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
