#!/usr/bin/env python3
"""Writes src/text/scripts.cc: the code points of the scripts that pre-tokenizers name.

Needs the PyPI package `regex`, whose tables follow the newest Unicode; utf8proc knows no scripts.
Usage: tools/unicode_scripts.py > src/text/scripts.cc
"""
import regex

SCRIPTS = ["Arabic", "Cyrillic", "Devanagari", "Greek", "Han", "Hangul", "Hebrew", "Hiragana",
           "Katakana", "Latin", "Thai"]


def ranges(script):
    member = regex.compile(r"\p{Script=%s}" % script)
    out = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or not member.match(chr(code)):
            continue
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def main():
    print("// Made by tools/unicode_scripts.py. Do not edit.")
    print('#include "text/scripts.h"\n')
    print("namespace linnet {\nnamespace {\n// clang-format off")
    for script in SCRIPTS:
        print(f"constexpr CodeRange {script.lower()}[] = {{")
        cells = [f"{{0x{a:X}, 0x{b:X}}}," for a, b in ranges(script)]
        line = "   "
        for cell in cells:
            if len(line) + 1 + len(cell) > 100:
                print(line)
                line = "   "
            line += " " + cell
        print(line + "\n};")
    print("constexpr Script table[] = {")
    for script in SCRIPTS:
        print(f'    {{"{script}", {script.lower()}}},')
    print("};\n// clang-format on\n}  // namespace\n")
    print("std::span<const Script> scripts() {\n    return table;\n}\n")
    print("}  // namespace linnet")


main()
