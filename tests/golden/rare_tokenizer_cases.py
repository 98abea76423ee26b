"""Cases for make_tokenizers.py that prose does not reach: cuts of equal probability, and characters of every age."""
import json
import random


def encoded(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def tie_cases(folder, full, write_gguf):
    """Unigram vocabularies in which many cuts have equal sums, so that the rounding of each sum decides. None of their
    tokens is user-defined: SentencePiece weighs such tokens, and linnet cuts them out beforehand."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as schema
    from tokenizers import Tokenizer
    rng = random.Random(5)
    texts = ["".join(rng.choice(letters) for _ in range(200)) for letters in ("aab", "aabz ") for _ in range(200)]
    texts = texts if full else texts[::40]
    words = ["a", "b", "aa", "ab", "ba", "bb", "aaa", "aba", "bab", "aab"]
    for which in range(3):
        scores = [-rng.choice([0.1234567890123, 0.7, 1.3456789012345678]) * len(word) * 3.3 for word in words]
        definition = {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
                      "post_processor": None, "decoder": None, "model": {
                          "type": "Unigram", "unk_id": 0, "byte_fallback": False,
                          "vocab": [["<unk>", 0.0], *map(list, zip(words, scores))]}}
        yield {"name": f"ties {which}", "tokenizer": definition, "texts": texts,
               "special": encoded(Tokenizer.from_str(json.dumps(definition)), texts)}
        proto = schema.ModelProto()
        proto.trainer_spec.model_type = 1
        proto.normalizer_spec.add_dummy_prefix = proto.normalizer_spec.remove_extra_whitespaces = False
        for place, special in enumerate(["<unk>", "<s>", "</s>"]):
            proto.pieces.add(piece=special, score=0, type=3 if place else 2)
        for word, score in zip(words, scores):
            proto.pieces.add(piece=word, score=score, type=1)
        write_gguf(proto.SerializeToString(), folder / f"ties{which}.gguf")
        oracle = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
        yield {"name": f"ties {which}, single precision", "gguf": f"ties{which}.gguf", "bare": True, "texts": texts,
               "ids": [oracle.encode(text) for text in texts]}


# Characters that came with Unicode 8, 9, and so on to 17, of the kinds that steps tell apart.
AGED = [0x1E8D0, 0x1E944, 0x1DFB, 0x111C9, 0x1DF6, 0x11D42, 0x8D3, 0x2E4F, 0x32FF, 0x1F16C, 0x11938, 0x1FBF0, 0x1AC0,
        0x1ACE, 0xA7F2, 0x13430, 0x1E030, 0x10EFD, 0x1E4EC, 0x11F43, 0x897, 0x10D50, 0x113D4, 0x1C89, 0x11DE0, 0xA7CE]


def character_cases(full):
    """Characters of every age through every step that goes by their properties. The package stands at Unicode 8 in
    Punctuation and BERT's normalizer, at 9 in the normal forms and StripAccents, at 17 in Digits and Lowercase. Left
    out is U+1171E: its category changed from Mn to Mc, and utf8proc 2.8 has the older one."""
    from tokenizers import Tokenizer, pre_tokenizers
    codes = AGED
    if full:
        codes = [code for code in [*range(0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x17000),
                                   *range(0x18D00, 0x20000), *range(0x2F800, 0x2FB00), *range(0xE0000, 0xE0200)]
                 if code != 0x1171E]
    texts = [shape.replace("*", chr(code)) for code in codes
             for shape in (["a*b", "a\u0301*\u0327"] if full else ["a\u0315*\u0301b"])]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    to_bytes = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False, "trim_offsets": True}
    whole = {"version": "1.0", "added_tokens": [], "normalizer": None, "post_processor": None, "decoder": None,
             "pre_tokenizer": to_bytes,
             "model": {"type": "BPE", "vocab": {char: place for place, char in enumerate(alphabet)}, "merges": []}}
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
            "lowercase": True}
    for normalizer in [{"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Lowercase")] + [bert]:
        definition = {**whole, "normalizer": normalizer}
        yield {"name": normalizer["type"], "tokenizer": definition, "texts": texts,
               "special": encoded(Tokenizer.from_str(json.dumps(definition)), texts)}
    for split in ({"type": "Punctuation", "behavior": "Isolated"}, {"type": "BertPreTokenizer"},
                  {"type": "Digits", "individual_digits": True}, {"type": "Whitespace"}):
        tokenizer = Tokenizer.from_str(json.dumps({**whole, "pre_tokenizer": split}))
        yield {"name": split["type"], "splits": split, "pre": [], "texts": texts,
               "lengths": [[end - start for _, (start, end) in tokenizer.pre_tokenizer.pre_tokenize_str(text)]
                           for text in texts]}
