#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cc: what utf8proc does not know of Unicode, or not yet, or knows and others do not.

Scripts, one property, the general categories of characters that came with Unicode 15 and later, and where parts of
Hugging Face's tokenizers stand at older or newer Unicode are read out of the PyPI package `tokenizers` (0.23.3). Run it
with Python 3.11, which knows Unicode 14.
Usage: tools/unicode_tables.py > src/text/unicode_tables.cc
"""
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

SCRIPTS = ["Arabic", "Cyrillic", "Devanagari", "Greek", "Han", "Hangul", "Hebrew", "Hiragana",
           "Katakana", "Latin", "Thai"]
CATEGORIES = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
              "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cf"]
FUNCTIONS = [("controls_of_hf", "hf_controls"), ("nonspacing_marks_of_hf", "hf_nonspacing_marks"),
             ("marks_of_hf", "hf_marks"), ("newer_than_forms_of_hf", "newer_than_hf_forms")]
CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
UNKNOWN = [code for code in CODES if unicodedata.category(chr(code)) == "Cn"]


def ranges(members):
    out = []
    for code in members:
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def matching(codes, pattern):
    text = "".join(map(chr, codes))
    pieces = pre_tokenizers.Split(Regex(f"[^{pattern}]"), "removed").pre_tokenize_str(text)
    return sorted(ord(c) for piece, _ in pieces for c in piece)


def newer():
    """(first, last, category) of what is assigned now and was not then."""
    return sorted((first, last, category) for category in CATEGORIES
                  for first, last in ranges(matching(UNKNOWN, r"\p{%s}" % category)))


def cut_out_by(pre_tokenizer):
    pieces = pre_tokenizer.pre_tokenize_str("".join(f"a{chr(code)}" for code in CODES))
    return sorted({ord(piece) for piece, _ in pieces if len(piece) == 1 and piece != "a"})


def dropped_by(normalizer):
    return [code for code in CODES if not normalizer.normalize_str(chr(code))]


def hugging_face_sets():
    """(name, members, where) of what its steps go by."""
    marks = dropped_by(normalizers.StripAccents())
    flags = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    forms = normalizers.NFKD()
    newer_marks = set(matching(CODES, r"\p{M}")) - set(marks)
    newer_forms = {code for code in set(CODES).difference(UNKNOWN)
                   if unicodedata.normalize("NFKD", chr(code)) != forms.normalize_str(chr(code))}
    known_numbers = set(matching(CODES, r"\p{N}"))
    yield "hf_punctuation", cut_out_by(pre_tokenizers.Punctuation())
    yield "hf_newer_numbers", sorted(set(cut_out_by(pre_tokenizers.Digits(True))) - known_numbers)
    yield "hf_controls", dropped_by(normalizers.BertNormalizer(**{**flags, "clean_text": True}))
    yield "hf_nonspacing_marks", dropped_by(normalizers.BertNormalizer(**{**flags, "strip_accents": True}))
    yield "hf_marks", marks
    yield "newer_than_hf_forms", sorted(newer_marks | newer_forms)


def newer_lower():
    """(first, last, lower case of the first) of what had none then."""
    lower = normalizers.Lowercase()
    out = []
    for code in CODES:
        low = lower.normalize_str(chr(code))
        if low == chr(code).lower():
            continue
        if out and out[-1][1] == code - 1 and ord(low) - code == out[-1][2] - out[-1][0]:
            out[-1][1] = code
        else:
            out.append([code, code, ord(low)])
    return out


def print_rows(declaration, cells):
    print(declaration + " = {")
    line = "   "
    for cell in cells:
        if len(line) + 1 + len(cell) > 100:
            print(line)
            line = "   "
        line += " " + cell
    print(line + "\n};")


def main():
    print("// Made by tools/unicode_tables.py. Do not edit.")
    print('#include "text/unicode_tables.h"\n')
    print("#include <utf8proc.h>\n")
    print("namespace linnet {\nnamespace {\n// clang-format off")
    # Alphabetic is the letters, the letter numbers, and these.
    sets = [(script, r"\p{%s}" % script) for script in SCRIPTS]
    sets.append(("Other_Alphabetic", r"\p{Alphabetic}&&[^\p{L}\p{Nl}]"))
    for name, pattern in sets:
        print_rows(f"constexpr CodeRange {name.lower()}[]",
                   [f"{{0x{a:X}, 0x{b:X}}}," for a, b in ranges(matching(CODES, pattern))])
    for name, members in hugging_face_sets():
        print_rows(f"constexpr CodeRange {name}[]", [f"{{0x{a:X}, 0x{b:X}}}," for a, b in ranges(members)])
    named = [(name, name.lower()) for name, _ in sets]
    named += [("HF_Punctuation", "hf_punctuation"), ("HF_Newer_Number", "hf_newer_numbers")]
    print_rows("constexpr NamedSet sets[]", [f'{{"{name}", {table}}},' for name, table in named])
    print_rows("constexpr NewerRange newer[]",
               [f"{{0x{a:X}, 0x{b:X}, UTF8PROC_CATEGORY_{c.upper()}}}," for a, b, c in newer()])
    print_rows("constexpr NewerLower newer_lower[]",
               [f"{{0x{a:X}, 0x{b:X}, 0x{low:X}}}," for a, b, low in newer_lower()])
    print("// clang-format on\n}  // namespace\n")
    print("std::span<const NamedSet> named_sets() {\n    return sets;\n}\n")
    print("std::span<const NewerRange> newer_ranges() {\n    return newer;\n}\n")
    for name, table in FUNCTIONS:
        print(f"std::span<const CodeRange> {name}() {{\n    return {table};\n}}\n")
    print("std::span<const NewerLower> newer_lower_cases() {\n    return newer_lower;\n}\n")
    print("}  // namespace linnet")


main()
