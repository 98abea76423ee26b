#!/usr/bin/env python3
"""Makes the files in tokenizers/ beside it: what the packages `tokenizers`, `tiktoken` and `sentencepiece` do to a few
texts, for src/text/golden_test.cc. The vocabularies are trained here, on text that is written here.

    python3 -m venv V && V/bin/pip install tokenizers tiktoken sentencepiece protobuf gguf numpy
    V/bin/python tests/golden/make_tokenizers.py
    V/bin/python tests/golden/make_tokenizers.py --full OUT --data ../shared [--peer MODELS]

--full makes far larger ones from the data folder, and from the vocabularies that llama.cpp's sources carry in MODELS;
LINNET_TOKENIZER_CASES=OUT has the test read them too. A file holds {"cases": [...]}; a case is an object:
    {"splits": {pre-tokenizer of tokenizer.json}, "pre": [names], "lengths": [[characters of each piece] each text]}
    {"tokenizer": {tokenizer.json}, "special": [[ids] each text, special tokens parsed],
     "ids": [[ids] each text, special tokens being text; null where that is the same], "decoded": [null for the text]}
    {"gguf": "file.gguf", "ids": [...]}  ("bare": true where what the model puts around a text is left out)
whose texts are its own "texts", or those of texts.json beside it."""
import argparse
import json
import pathlib
import random

from rare_tokenizer_cases import character_cases, tie_cases

HERE = pathlib.Path(__file__).parent / "tokenizers"
# Written by hand and kept: the pre-tokenizers of the families as their tokenizer.json have them, with the names that
# GGUF files give them, in splits.json; the small texts in texts.json.
FAMILIES = [(case["pre"], case["splits"]) for case in json.loads((HERE / "splits.json").read_text())["cases"]]
SMALL_TEXTS = json.loads((HERE / "texts.json").read_text())["texts"]


def pattern_of(name):
    steps = next(steps for names, steps in FAMILIES if name in names)
    return steps["pretokenizers"][0]["pattern"]["Regex"]


LLAMA3, GPT4O = pattern_of("llama-bpe"), pattern_of("gpt-4o")


def full_texts(data, source):
    """Prose, many languages, code, and characters in no order; pieces of some kilobytes."""
    rng = random.Random(1)
    whole = [(data / "wikitext2/test.txt").read_text()[:400_000]]
    whole += [path.read_text() for path in sorted((data / "multilingual/test_sentences").glob("*.txt"))]
    whole += [path.read_text()[:150_000] for path in sorted((data / "xquad").rglob("*.json"))]
    whole += [path.read_text() for path in sorted(source.glob("src/*/*.cc"))[:60]]
    points = [0x80, 0x800, 0x3000, 0xAC00, 0x20000, 0x110000]
    for _ in range(40):
        codes = (rng.randrange(rng.choice(points)) for _ in range(3000))
        whole.append("".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000))
    whole += ["".join(rng.choice(" \n\ta1.'\u00e9\u4e00") for _ in range(2000)) for _ in range(20)]
    return SMALL_TEXTS + [text[at:at + 6000] for text in whole for at in range(0, len(text), 6000)]


def write(folder, name, content):
    (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


def split_cases(folder, texts):
    from tokenizers import Tokenizer, models
    cases = []
    for names, pre_tokenizer in FAMILIES:
        tokenizer = Tokenizer.from_str(json.dumps({
            "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": pre_tokenizer,
            "post_processor": None, "decoder": None, "model": {"type": "BPE", "vocab": {}, "merges": []}}))
        lengths = []
        for text in texts:
            pieces = tokenizer.pre_tokenizer.pre_tokenize_str(text)
            lengths.append([end - start for _, (start, end) in pieces])
        cases.append({"splits": pre_tokenizer, "pre": names, "lengths": lengths})
    write(folder, "splits", {"cases": cases})


def encoded(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def without_specials(definition):
    """The same tokenizer, blind to special tokens in a text, which Hugging Face's cannot be told to be."""
    hidden = {token["content"]: f"\ufdd0{token['id']}" for token in definition["added_tokens"] if token["special"]}

    def hide(text):
        return hidden.get(text, text)
    tokens = [{**token, "content": hide(token["content"])} for token in definition["added_tokens"]]
    model = dict(definition["model"])
    if isinstance(model["vocab"], dict):
        model["vocab"] = {hide(text): number for text, number in model["vocab"].items()}
    else:
        model["vocab"] = [[hide(text), score] for text, score in model["vocab"]]
    if model.get("unk_token"):
        model["unk_token"] = hide(model["unk_token"])
    return {**definition, "added_tokens": tokens, "model": model}


def json_case(name, tokenizer, texts, config=None):
    """Ids with special tokens parsed (as Hugging Face's always are) and, from a copy without them, not parsed."""
    from tokenizers import Tokenizer
    definition = json.loads(tokenizer.to_str())
    tokenizer = Tokenizer.from_str(json.dumps(definition))  # reading it back changes scores a little
    case = {"name": name, "tokenizer": definition, "special": encoded(tokenizer, texts)}
    framed = definition["post_processor"]
    if not framed or framed["type"] == "ByteLevel":
        plain = Tokenizer.from_str(json.dumps(without_specials(definition)))
        case["ids"] = [None if ids == special else ids
                       for ids, special in zip(encoded(plain, texts), case["special"])]
    back = [tokenizer.decode(ids, skip_special_tokens=True) for ids in case["special"]]
    case["decoded"] = [None if after == before else after for after, before in zip(back, texts)]
    return case


def added(text, **options):
    from tokenizers import AddedToken
    return AddedToken(text, **{"normalized": False, **options})


def bpe_cases(train, size, texts):
    """Byte-level BPE in the styles of GPT-2 and Llama 3, characters with byte fallback as in Llama 2, CLIP."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    quiet = {"show_progress": False}
    alphabet = pre_tokenizers.ByteLevel.alphabet()

    gpt2 = Tokenizer(models.BPE())
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    gpt2.decoder = decoders.ByteLevel()
    gpt2.train_from_iterator(train, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, **quiet))
    gpt2.add_special_tokens([added("<|a|>"), added("<|b|>", rstrip=True, lstrip=True)])
    gpt2.add_tokens([added("word", single_word=True), added("<|strip|>", rstrip=True), added("   ")])
    yield json_case("gpt2", gpt2, texts)

    llama3 = Tokenizer(models.BPE(ignore_merges=True))
    llama3.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    llama3.decoder = decoders.ByteLevel()
    llama3.train_from_iterator(train, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, **quiet))
    definition = json.loads(llama3.to_str())
    definition["model"]["merges"] = definition["model"]["merges"][::2]  # so that merges and whole words differ
    llama3 = Tokenizer.from_str(json.dumps(definition))
    llama3.add_special_tokens(["<|begin|>", "<|end|>"])
    begin, end = (llama3.token_to_id(t) for t in ("<|begin|>", "<|end|>"))
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin|> $A <|end|>:1", pair="<|begin|> $A $B:1",
                                      special_tokens=[("<|begin|>", begin), ("<|end|>", end)])])
    yield json_case("llama3", llama3, texts)

    alphabetic = Tokenizer(models.BPE())
    alphabetic.normalizer = normalizers.NFC()
    alphabetic.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.ByteLevel(True), pre_tokenizers.Digits(True), pre_tokenizers.Split(Regex("\u0120"), "isolated")])
    alphabetic.decoder = decoders.ByteLevel()
    alphabetic.train_from_iterator(train, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, **quiet))
    yield json_case("steps behind the byte level", alphabetic, texts)

    llama2 = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    llama2.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    llama2.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                        decoders.Strip(" ", 1, 0)])
    pieces = trainers.BpeTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"] + [
        f"<0x{b:02X}>" for b in range(256)], limit_alphabet=60, **quiet)
    llama2.pre_tokenizer = pre_tokenizers.Split(Regex("(?<=[^\u2581])(?=\u2581)"), "isolated")
    llama2.train_from_iterator(train, pieces)
    definition = json.loads(llama2.to_str())
    definition["pre_tokenizer"] = None
    definition["added_tokens"] = [t for t in definition["added_tokens"] if not t["content"].startswith("<0x")]
    for token in definition["added_tokens"]:
        token["normalized"] = False
    yield json_case("llama2", Tokenizer.from_str(json.dumps(definition)), texts)

    gemma = Tokenizer.from_str(json.dumps(definition))
    gemma.normalizer = normalizers.Replace(" ", "\u2581")
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    gemma.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    gemma.add_tokens([added("\u2581\u2581", normalized=False), added("\n\n", normalized=False)])
    yield json_case("gemma", gemma, texts)

    unknown = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    unknown.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Strip(True, False)])
    unknown.pre_tokenizer = pre_tokenizers.Metaspace("_", "first")
    unknown.decoder = decoders.Metaspace("_", "first")
    unknown.train_from_iterator(train, trainers.BpeTrainer(vocab_size=size // 2, special_tokens=["<unk>"],
                                                           limit_alphabet=40, **quiet))
    case = json_case("metaspace and unknown characters", unknown, texts)
    del case["decoded"]  # there all the spaces that the first token begins with are lost
    yield case

    clip = Tokenizer(models.BPE(unk_token="<|b|>", end_of_word_suffix="</w>"))
    clip.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "),
                                            normalizers.Lowercase()])
    clip.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"),
                             "removed", invert=True),
        pre_tokenizers.ByteLevel(False, use_regex=False)])
    clip.train_from_iterator(train, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet,
                                                        end_of_word_suffix="</w>", special_tokens=["<|b|>"], **quiet))
    case = json_case("clip", clip, texts)
    del case["decoded"]  # this one leaves </w> in
    yield case


def other_cases(train, size, texts):
    """WordPiece as in BERT, unigram models as in T5 and XLM-R, whole words."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    quiet = {"show_progress": False}
    for lower in (True, False):
        bert = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        bert.normalizer = normalizers.BertNormalizer(lowercase=lower)
        bert.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        bert.decoder = decoders.WordPiece()
        bert.train_from_iterator(train, trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], **quiet))
        bert.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        yield json_case(f"bert, lower {lower}", bert, texts)

    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " "), normalizers.Nmt()])
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.decoder = decoders.Metaspace()
    unigram.train_from_iterator(train, trainers.UnigramTrainer(
        vocab_size=size, unk_token="<unk>", special_tokens=["<pad>", "</s>", "<unk>"], **quiet))
    yield json_case("unigram", unigram, texts)

    xlm = Tokenizer.from_str(unigram.to_str())
    xlm.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])
    xlm.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    xlm.post_processor = processors.RobertaProcessing(("</s>", 1), ("<pad>", 0))
    yield json_case("unigram over words", xlm, texts)

    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(train, trainers.WordLevelTrainer(vocab_size=size, special_tokens=["<unk>"], **quiet))
    case = json_case("whole words", words, texts)
    del case["decoded"]
    yield case


def write_gguf(path, kind, tokens, types, scores=None, merges=None, pre=None, **keys):
    import gguf
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores:
        writer.add_token_scores(scores)
    if merges:
        writer.add_token_merges(merges)
    for key, value in keys.items():
        name = f"tokenizer.ggml.{key}"
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        else:
            writer.add_array(name, bytes(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def sentencepiece_gguf(model, path):
    """What a converter writes of a SentencePiece model."""
    from sentencepiece import sentencepiece_model_pb2 as schema
    proto = schema.ModelProto()
    proto.ParseFromString(model)
    unigram = proto.trainer_spec.model_type == 1
    keys = {"add_bos_token": False, "add_eos_token": False, "unknown_token_id": proto.trainer_spec.unk_id,
            "add_space_prefix": proto.normalizer_spec.add_dummy_prefix,
            "remove_extra_whitespaces": proto.normalizer_spec.remove_extra_whitespaces}
    if proto.normalizer_spec.precompiled_charsmap:
        keys["precompiled_charsmap"] = proto.normalizer_spec.precompiled_charsmap
    write_gguf(path, "t5" if unigram else "llama", [piece.piece for piece in proto.pieces],
               [piece.type for piece in proto.pieces], [piece.score for piece in proto.pieces], **keys)


def sentencepiece_cases(folder, train, size, texts):
    import io
    import tempfile
    import sentencepiece
    rules = pathlib.Path(tempfile.mkdtemp()) / "rules.tsv"
    changes = ["\t> ", "\n> ", "\u00a0> ", "\u3000> ", "\uff01>!", "\u00c5>A\u030a", "A\u030a>A", "\ufb01>fi",
               "\u2460>1", "\u00b2>", "isn't>is not", "\U0001f680>=>"]
    rules.write_text("".join(" ".join(f"{ord(c):X}" for c in change.split(">", 1)[0]) + "\t"
                             + " ".join(f"{ord(c):X}" for c in change.split(">", 1)[1]) + "\n" for change in changes))
    kinds = {
        "llama": dict(model_type="bpe", byte_fallback=True, remove_extra_whitespaces=False,
                      normalization_rule_name="identity"),
        "gemma": dict(model_type="bpe", byte_fallback=True, remove_extra_whitespaces=False, add_dummy_prefix=False,
                      normalization_rule_name="identity", user_defined_symbols=["\n\n", "word", "<b>"]),
        "squashed": dict(model_type="bpe", remove_extra_whitespaces=True, normalization_rule_name="identity"),
        "bytes": dict(model_type="unigram", byte_fallback=True, remove_extra_whitespaces=False,
                      normalization_rule_name="identity"),
        "t5": dict(model_type="unigram", remove_extra_whitespaces=True, normalization_rule_name="nmt_nfkc"),
        "rules": dict(model_type="unigram", remove_extra_whitespaces=True, normalization_rule_tsv=str(rules)),
    }
    if size < 1000:
        del kinds["t5"]  # its map of characters alone has 240 kB
    for name, options in kinds.items():
        out = io.BytesIO()
        lines = [line for text in train for line in text.replace("\0", "").splitlines() if line.strip()]
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=out, vocab_size=max(size, 620), hard_vocab_limit=False,
            character_coverage=0.98, minloglevel=2, num_threads=1, **options)
        oracle = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
        sentencepiece_gguf(out.getvalue(), folder / f"{name}.gguf")
        yield {"name": name, "gguf": f"{name}.gguf", "ids": [oracle.encode(text) for text in texts],
               "decoded": [oracle.decode(oracle.encode(text)) for text in texts] if name == "llama" else []}


R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
          r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
NO_HAN = r"&&[^\p{Han}]]"
# Kimi's words leave out Chinese, which goes by runs of its own.
KIMI = r"[\p{Han}]+|" + GPT4O.replace(r"\p{M}]", r"\p{M}" + NO_HAN).replace(r"[\r\n/]*", r"[\r\n]*")


def alphabet_of(raw):
    from tokenizers import pre_tokenizers
    table = alphabet_of.__dict__.setdefault("table", {})
    if not table:
        for byte in range(256):
            char = bytes([byte]).decode("latin-1")
            table[byte] = (char if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174
                           else chr(256 + sum(not (33 <= b <= 126 or 161 <= b <= 172 or b >= 174)
                                              for b in range(byte))))
        assert sorted(table.values()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    return "".join(table[byte] for byte in raw)


def tiktoken_cases(folder, train, size, texts):
    """The published patterns over ranks that are trained here; merges are all the ways to make a token of two."""
    import tiktoken
    for name, pattern in (("gpt-2", R50K), ("llama-bpe", CL100K), ("gpt-4o", GPT4O), ("kimi-k2", KIMI)):
        ranks = trained_ranks(train, size, name)
        oracle = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        merges = sorted((rank, ranks[raw[:i]], ranks[raw[i:]], raw[:i], raw[i:]) for raw, rank in ranks.items()
                        for i in range(1, len(raw)) if raw[:i] in ranks and raw[i:] in ranks)
        write_gguf(folder / f"tiktoken-{name}.gguf", "gpt2",
                   [alphabet_of(raw) for raw in sorted(ranks, key=ranks.get)], [1] * len(ranks),
                   merges=[f"{alphabet_of(left)} {alphabet_of(right)}" for _, _, _, left, right in merges], pre=name,
                   add_bos_token=False)
        yield {"name": f"tiktoken {name}", "gguf": f"tiktoken-{name}.gguf",
               "ids": [oracle.encode(text, disallowed_special=()) for text in texts]}


def trained_ranks(train, size, name):
    """Bytes and merged tokens in the order in which Hugging Face's trainer merges them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = next(Tokenizer.from_str(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": pre_tokenizer,
        "post_processor": None, "decoder": None, "model": {"type": "BPE", "vocab": {}, "merges": []}})).pre_tokenizer
        for names, pre_tokenizer in FAMILIES if name in names or (name == "kimi-k2" and "gpt-4o" in names))
    tokenizer.train_from_iterator(train, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    raw = {alphabet_of(bytes([byte])): byte for byte in range(256)}
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return {bytes(raw[char] for char in text): rank for text, rank in tokens}


def rwkv_case(folder, train, texts):
    """Greedy longest match in bytes, over 256 bytes and some words; token 0 ends a text and is none of it."""
    rng = random.Random(3)
    words = sorted({text[i:i + n] for text in train for n in (2, 3, 5, 9)
                    for i in rng.sample(range(max(len(text) - n, 1)), min(20, max(len(text) - n, 1)))})
    tokens = [bytes([byte]) for byte in range(256)] + [word.encode() for word in words if len(word.encode()) > 1]
    ids = {token: number + 1 for number, token in enumerate(dict.fromkeys(tokens))}
    longest = max(map(len, ids))

    def encode(raw):
        out = []
        while raw:
            size = next(n for n in range(min(longest, len(raw)), 0, -1) if raw[:n] in ids)
            out.append(ids[raw[:size]])
            raw = raw[size:]
        return out
    write_gguf(folder / "rwkv.gguf", "rwkv", ["<s>"] + [repr(token)[2:-1] for token in ids], [3] + [1] * len(ids))
    return {"name": "rwkv", "gguf": "rwkv.gguf", "ids": [encode(text.encode()) for text in texts],
            "decoded": [None] * len(texts)}


def peer_cases(folder, texts):
    """The real vocabularies in a folder of GGUF files, rebuilt for the packages."""
    import gguf
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as schema
    from tokenizers import Tokenizer
    for path in sorted(folder.glob("ggml-vocab-*.gguf")):
        fields = gguf.GGUFReader(path).fields

        def get(name, other=None):
            return fields[f"tokenizer.ggml.{name}"].contents() if f"tokenizer.ggml.{name}" in fields else other
        tokens, types, pre = get("tokens"), get("token_type"), get("pre")
        case = {"name": path.name, "gguf": str(path.absolute()), "bare": True}
        if get("model") == "gpt2":
            steps_of = next((split for names, split in FAMILIES if pre in names), None)
            if not steps_of or not get("merges"):
                continue
            vocabulary = {token: number for number, token in enumerate(tokens)}
            oracle = Tokenizer.from_str(json.dumps({
                "version": "1.0", "normalizer": None, "post_processor": None, "decoder": None,
                "pre_tokenizer": steps_of, "added_tokens": [
                    {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
                     "normalized": False, "special": False}
                    for number, token in enumerate(tokens) if types[number] == 4],
                "model": {"type": "BPE", "vocab": vocabulary, "ignore_merges": pre in ("llama-bpe", "tekken"),
                          "merges": [m for m in get("merges") if m.replace(" ", "", 1) in vocabulary]}}))
            case["ids"] = encoded(oracle, texts)
        elif get("model") == "llama":
            proto = schema.ModelProto()
            proto.trainer_spec.model_type = 2
            proto.trainer_spec.byte_fallback = True
            proto.normalizer_spec.remove_extra_whitespaces = False
            proto.normalizer_spec.add_dummy_prefix = get("add_space_prefix", True)
            for token, score, kind in zip(tokens, get("scores"), types):
                proto.pieces.add(piece=token, score=score, type=kind)
            oracle = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
            case["ids"] = [oracle.encode(text) for text in texts]
        else:
            continue
        yield case


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--peer", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.full or HERE
    folder.mkdir(parents=True, exist_ok=True)
    for old in list(folder.glob("*.json")) + list(folder.glob("*.gguf")):
        old.unlink()
    texts = full_texts(options.data / "data", HERE.parents[2]) if options.full else SMALL_TEXTS
    write(folder, "texts", {"texts": texts})
    split_cases(folder, texts)
    train = texts[:3] if not options.full else texts[::9]
    size = 8000 if options.full else 380
    write(folder, "bpe", {"cases": list(bpe_cases(train, size, texts))})
    write(folder, "other", {"cases": list(other_cases(train, size, texts))})
    write(folder, "sentencepiece", {"cases": list(sentencepiece_cases(folder, train, size, texts))})
    write(folder, "tiktoken", {"cases": list(tiktoken_cases(folder, train, size, texts))})
    write(folder, "rwkv", {"cases": [rwkv_case(folder, train, texts)]})
    write(folder, "ties", {"cases": list(tie_cases(folder, bool(options.full), sentencepiece_gguf))})
    write(folder, "characters", {"cases": list(character_cases(bool(options.full)))})
    if options.peer:
        write(folder, "peer", {"cases": list(peer_cases(options.peer, texts))})


main()
