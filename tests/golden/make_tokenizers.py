#!/usr/bin/env python3
"""Makes the files in tokenizers/ beside it: what the packages `tokenizers`, `tiktoken` and `sentencepiece` do to a few
texts, for src/text/golden_test.cc. The vocabularies are trained here, on text that is written here.

    python3 -m venv V && V/bin/pip install tokenizers tiktoken sentencepiece gguf numpy
    V/bin/python tests/golden/make_tokenizers.py
    V/bin/python tests/golden/make_tokenizers.py --full OUT --data ../shared [--peer MODELS]

--full makes far larger ones from the data folder, and from the vocabularies that llama.cpp's sources carry in MODELS;
LINNET_TOKENIZER_CASES=OUT has the test read them too. A file holds {"cases": [...]}; a case is an object:
    {"splits": {pre-tokenizer of tokenizer.json}, "pre": [names], "lengths": [[characters of each piece] each text]}
    {"tokenizer": {tokenizer.json}, "ids": [[ids] each text], "special": [[ids] each text, special tokens parsed]}
    {"gguf": "file.gguf", "ids": [...]}
whose texts are its own "texts", or those of texts.json beside it."""
import argparse
import base64
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent / "tokenizers"
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
CASED = r"[^\r\n\p{L}\p{N}]?%s*%s+%s?|[^\r\n\p{L}\p{N}]?%s+%s*%s?"


def cased(contraction):
    return CASED % (UPPER, LOWER, contraction, UPPER, LOWER, contraction)


GPT4O = (cased(CONTRACTIONS) + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL)
YOUTU = (cased(CONTRACTIONS) + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL)
TEKKEN = (f"[^\\r\\n\\p{{L}}\\p{{N}}]?{UPPER}*{LOWER}+|[^\\r\\n\\p{{L}}\\p{{N}}]?{UPPER}+{LOWER}*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL)
DEEPSEEK3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
             r"| ?[\p{P}\p{S}]+[\r\n]*|" + TAIL)
SPARK = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
         r"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+")
DEEPSEEK_LETTERS = (
    "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376"
    "\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556"
    "\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a"
    "\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4"
    "\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc"
    "\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f"
    "\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b"
    "\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943]+")


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(use_regex=False):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": use_regex}


def digits(individual=True):
    return {"type": "Digits", "individual_digits": individual}


def steps(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def by_pattern(pattern):
    return steps(split(pattern), byte_level())


# As the families' tokenizer.json have them, with the names that GGUF files use.
FAMILIES = [
    (["gpt-2", "mpt", "olmo", "exaone4", "modern-bert"], byte_level(True)),
    (["smollm", "starcoder", "refact", "command-r", "codeshell", "minerva-7b"], steps(digits(), byte_level(True))),
    (["llama-bpe", "llama3", "dbrx", "glm4", "lfm2", "falcon-h1"], by_pattern(LLAMA3)),
    (["qwen2", "stablelm2", "hunyuan", "grok-2"], by_pattern(QWEN2)),
    (["qwen35"], by_pattern(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"
                            + TAIL)),
    (["gpt-4o", "llama4", "minimax-m2"], by_pattern(GPT4O)),
    (["tekken"], by_pattern(TEKKEN)),
    (["falcon"], steps({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(True),
                       split("[0-9][0-9][0-9]"))),
    (["deepseek-llm"], steps(split("[\r\n]"), split(DEEPSEEK_LETTERS),
                             split("\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"),
                             split("\\s+$"), split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), digits(False),
                             byte_level())),
    (["deepseek-coder"], steps(split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"),
                               split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), digits(), byte_level())),
    (["deepseek-v3", "hunyuan-dense"], steps(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
                                             split(DEEPSEEK3), byte_level())),
    (["spark2_5"], steps(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
                         split(SPARK), digits(), byte_level())),
    (["bloom", "poro-chat", "gpt3-finnish"],
     by_pattern(" ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+")),
    (["viking"], steps(split(" ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"), digits(), byte_level())),
    (["superbpe"], steps(split(r"\p{N}+"), split(r"(?=(\d{3})+(?!\d))"), byte_level())),
    (["tiny_aya", "cohere2moe"], steps(split(r"\d{1,3}(?=(?:\d{3})*\b)"), split(GPT4O), byte_level())),
    (["jais-2"], by_pattern(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        + "".join(r"|\s{%d}(?!\S)" % n for n in (512, 256, 128, 64, 32, 16, 8, 4)) + r"|\s{1,2}(?!\S)|\s{1}")),
    (["bailingmoe", "bailingmoe2"], by_pattern(
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")),
    (["seed-coder"], by_pattern(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + TAIL)),
    (["exaone-moe"], by_pattern(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?"
        r"|\s*[\r\n]|\s+(?!\S)|\s+")),
    (["minicpm5"], steps(split(r"\p{N}{1,3}"), split(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL), byte_level())),
    (["laguna"], steps(split(r"[^\n]+|[\n]+"), split(QWEN2), byte_level())),
    (["ufakzeka"], by_pattern(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL)),
    (["youtu"], steps(split(
        "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f"
        "\ufe30-\ufe4f]+|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), split(YOUTU), byte_level())),
    (["chameleon"], steps(split("<sentinel:[0-9]+>"), split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
                          split("([\\t\\n]|    |  )"), digits(), {"type": "Punctuation", "behavior": "Isolated"},
                          byte_level(True))),
    (["default"], steps(split(r"[\p{P}\$\+<=>\^~\|]+"), split(GPT2), split(r"\p{N}+"), split("[0-9][0-9][0-9]"),
                        byte_level())),
    # No family's own, but steps that a tokenizer.json may have.
    ([], steps({"type": "WhitespaceSplit"}, split(r"[aeiou]", "MergedWithPrevious"))),
    ([], steps({"type": "Whitespace"}, split(r"t", "MergedWithNext"))),
    ([], steps({"type": "BertPreTokenizer"})),
    ([], steps({"type": "CharDelimiterSplit", "delimiter": "e"}, {"type": "Punctuation", "behavior": "Removed"})),
    ([], steps(split(r"\w+", "Removed", True), split(r"(?<=[a-m])[n-z]|^.|[A-Z](?=[a-z])|\b[0-9]"))),
    ([], steps(split(r"(?<![.])\s|(ab|a)(c|bcd)?|x*?y{2,3}|[[:alpha:]&&[^a-f]]{3,}", "Contiguous"))),
]

PROSE = """The old harbour was quiet; only the gulls' cries carried over the water. "We'll go at 6:45," she said, "or not
at all!" He'd counted 1234567 waves, 12 boats and 3.14159 reasons to stay... It's what they've always done, isn't it?
Prices rose by 12.5% to $1,299.99 (about \u20ac1\u202f180) between 2019-2024.\tTabs\tand  double   spaces\u00a0matter. I'M SURE
WE'RE LATE, THEY'LL SAY. CamelCaseWords and snake_case_names, e-mail: someone.else+tag@example.org, https://example.org/a?b=c#d
"""
CODE = """#include <vector>\nint main(int argc, char** argv) {\n    std::vector<int> v = {1, 22, 333, 4444};\n\tfor (auto& x : v) {\n
        x += 0xFF; // odd\r\n    }\n    return v.empty() ? -1 : v[0];\n}\n\ndef f(self, *args, **kwargs):\n    \"\"\"Doc.\"\"\"
    return {k: v for k, v in kwargs.items() if k != "id"}\n"""
WORLD = """\u00dcber den W\u00e4ldern l\u00e4uft Stra\u00dfe \u2116 5 = 10\u00b2. \u041c\u043e\u0441\u043a\u0432\u0430 \u0438 \u041a\u0438\u0457\u0432, \u0391\u03b8\u03ae\u03bd\u03b1 \u03ba\u03b1\u03b9 \u0398\u03b5\u03c3\u03c3\u03b1\u03bb\u03bf\u03bd\u03af\u03ba\u03b7.
\u6771\u4eac\u30bf\u30ef\u30fc\u306f333\u30e1\u30fc\u30c8\u30eb\u3002\u6211\u60f3\u5728apple\u5de5\u4f5c1314151\u5929\uff5e \uc548\ub155\ud558\uc138\uc694 \uc138\uacc4! \u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e\u0964 \u0645\u0631\u062d\u0628\u0627\u060c \u0643\u064a\u0641 \u062d\u0627\u0644\u0643\u061f \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01
Ti\u1ebfng Vi\u1ec7t c\u00f3 d\u1ea5u, e\u0301te\u0301 de\u0301compose\u0301, \u01c5ungla, \u2167 \u00bd \u0663\u0664\u0665 \U0001d7d8\U0001d7d9, \U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \ufe0f\u200d."""
ODD = [
    "", " ", "  ", "\t", "\n", "\n\n\n", " \n \n", "\r\n\r\n", "   a", "a   ", "\n a\n  b\n   c", "\u3000\u2003x\u0085y\u2028z",
    "'s 'S 'Ll 'VE '\u017f 'K don't DON'T we'\u212a x's's", "ABCdefGHI aB AbC \u01c5a \u02b0A \u0301a A\u0301B",
    "1 12 123 1234 12345 1234567890123 12a 123b 1234_ \u0661\u0662\u0663\u0664 x12345y", "!!!???...,,,---===///\n\n//\r\n/",
    "a.b,c;d:e!f?g(h)i[j]k{l}m<n>o\"p'q`r~s@t#u$v%w^x&y*z", "\x00\x01\x7f\u0378\ue000\ufffd\ufeff\u200b",
    "IMGIMGABZ <sentinel:12>    \t  x", " \u4e00\u9fa5\u3042\u30a2\uac00 \u3105 \uff01\u3001", "xyy xyyy abcd abbcd ac",
]


def small_texts():
    return [PROSE, CODE, WORLD] + ODD


ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", " \t\n\r", "          ", "\u00a0\u3000\u2003\u0085\u2028\u000b\u000c",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "'s't're've'm'll'd'S'T", "\u00e4\u00f6\u00fc\u00df\u00e9\u00e8\u00ea\u00f1\u0142\u017f\u0131\u0130\u00b5\u00b2\u00bd",
    "\u0430\u0431\u0432\u0433\u0434\u0410\u0411\u0412", "\u0391\u03b1\u03a3\u03c2\u03c3", "\u6771\u4eac\u6211\u60f3\u5728\u4e00\u9fa5", "\u3042\u30a2\u30fc\u3001\u3002\uff01",
    "\uc548\ub155\u3131", "\u0928\u092e\u0938\u094d\u0924\u0947\u0964", "\u0645\u0631\u062d\u0628\u0627\u060c\u0663", "\u0e2a\u0e27\u0e31\u0e14", "\u0301\u0302\u0316\u20dd\u0903",
    "\U0001f680\U0001f468\u200d\ufe0f\U0001f1e9", "\u01c5\u02b0\u2160\u2167\u24b6\u2202\u20ac", "\u0378\ue000\ufffd\ufeff\u200b\u00ad\x00\x01\x7f\U0001ffff\U000e0001",
]


def random_texts(count, length, seed):
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        text = ""
        while len(text) < rng.randint(1, length):
            if rng.random() < 0.03:
                text += chr(rng.choice([c for c in (rng.randint(0, 0x10FFFF),) if not 0xD800 <= c < 0xE000] or [65]))
                continue
            alphabet = rng.choice(ALPHABETS)
            text += "".join(rng.choice(alphabet) for _ in range(rng.choice((1, 1, 2, 3, 7))))
        out.append(text)
    return out


def full_texts(data):
    """Text of the data folder in pieces of some kilobytes, source code, and random characters."""
    texts = small_texts()
    for path in sorted((data / "multilingual/test_sentences").glob("*.txt")):
        texts.append(path.read_text(encoding="utf-8"))
    for path in sorted((data / "xquad").glob("*.json")):
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        for article in articles[::6]:
            texts += [paragraph["context"] for paragraph in article["paragraphs"]]
            texts += [q["question"] for paragraph in article["paragraphs"] for q in paragraph["qas"][::4]]
    for path in sorted(pathlib.Path(__file__).parent.parent.parent.glob("src/**/*.cc"))[::5]:
        texts.append(path.read_text(encoding="utf-8"))
    texts.append(pathlib.Path(__file__).read_text(encoding="utf-8"))
    texts.append((data / "wikitext2/valid.txt").read_text(encoding="utf-8")[:200_000])
    texts += random_texts(3000, 120, 1)
    rng = random.Random(2)
    for _ in range(200):  # random bytes, read as Latin-1 and as broken UTF-8
        noise = bytes(rng.randrange(256) for _ in range(200))
        texts += [noise.decode("latin-1"), noise.decode("utf-8", "replace")]
    return texts


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
    texts = full_texts(options.data / "data") if options.full else small_texts()
    write(folder, "texts", {"texts": texts})
    split_cases(folder, texts)


main()
