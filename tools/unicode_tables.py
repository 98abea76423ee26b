#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cc: what utf8proc does not know of Unicode, or not yet.

Scripts, one property, and the general categories of characters that came with Unicode 14 and later are read out of
the PyPI package `tokenizers`. Run it with Python 3.10 or 3.11, which know Unicode 13 and 14.
Usage: tools/unicode_tables.py > src/text/unicode_tables.cc
"""
import unicodedata

from tokenizers import Regex, pre_tokenizers

SCRIPTS = ["Arabic", "Cyrillic", "Devanagari", "Greek", "Han", "Hangul", "Hebrew", "Hiragana",
           "Katakana", "Latin", "Thai"]
CATEGORIES = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
              "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cf"]
CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


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
    unknown = [code for code in CODES if unicodedata.category(chr(code)) == "Cn"]
    return sorted((first, last, category) for category in CATEGORIES
                  for first, last in ranges(matching(unknown, r"\p{%s}" % category)))


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
    print_rows("constexpr NamedSet sets[]", [f'{{"{name}", {name.lower()}}},' for name, _ in sets])
    print_rows("constexpr NewerRange newer[]",
               [f"{{0x{a:X}, 0x{b:X}, UTF8PROC_CATEGORY_{c.upper()}}}," for a, b, c in newer()])
    print("// clang-format on\n}  // namespace\n")
    print("std::span<const NamedSet> named_sets() {\n    return sets;\n}\n")
    print("std::span<const NewerRange> newer_ranges() {\n    return newer;\n}\n")
    print("}  // namespace linnet")


main()
