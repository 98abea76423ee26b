#!/usr/bin/env python3
"""Makes src/tensor/dtypes/iq_grids.inc: the codebooks that define the IQ formats, as steps.

    python3 -m venv V && V/bin/pip install numpy gguf
    V/bin/python tools/make_iq_grids.py

A codebook is a list of points of 8 (or 4) levels each. Read as a number, the first level being the lowest digit, the
points stand in rising order, so a codebook is the steps between them: one character each, from '0' on; 'z' adds 74 and
goes on. No rule is known that yields the points: they were chosen by their frequency in real weights. They are taken
from the package `gguf`, which implements the formats.
"""
import pathlib

import gguf.quants
import numpy as np

BOOKS = {"iq1": "IQ1_S", "iq2_xxs": "IQ2_XXS", "iq2_xs": "IQ2_XS", "iq2_s": "IQ2_S",
         "iq3_xxs": "IQ3_XXS", "iq3_s": "IQ3_S"}
FIRST, MORE = ord("0"), 74
WIDTH = 84


def steps_of(book):
    book.init_grid()
    points = book.grid.reshape(book.grid_shape)
    levels = list(book.grid_map)
    digits = np.vectorize(levels.index)(points)
    numbers = (digits * len(levels) ** np.arange(points.shape[1])).sum(axis=1)
    steps = np.diff(numbers, prepend=0)
    assert (steps[1:] > 0).all()
    text = ""
    for step in steps:
        text += "z" * (step // MORE) + chr(FIRST + step % MORE)
    return text


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    with open(root / "src/tensor/dtypes/iq_grids.inc", "w") as out:
        print("// Made by tools/make_iq_grids.py, which says what this is.", file=out)
        for name, book in BOOKS.items():
            text = steps_of(getattr(gguf.quants, book))
            print(f"constexpr std::string_view {name}_steps =", file=out)
            rows = [text[i:i + WIDTH] for i in range(0, len(text), WIDTH)]
            print("\n".join(f'    R"({row})"' for row in rows) + ";", file=out)


if __name__ == "__main__":
    main()
