#!/usr/bin/env python3
"""Writes tests/golden/rng.txt: the first numbers of linnet's generator for some seeds.

Written from the authors' papers with Python's whole numbers, apart from the C++ code: splitmix64 (Steele, Lea,
Flood 2014) fills the state of xoshiro256** (Blackman, Vigna 2018). Checked here against numbers that are published:
splitmix64 of seed 1234567, and xoshiro256** of the state 1, 2, 3, 4.
"""
import pathlib

WORD = 2**64


def splitmix64(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) % WORD
        z = seed
        z = (z ^ (z // 2**30)) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ (z // 2**27)) * 0x94D049BB133111EB % WORD
        yield z ^ (z // 2**31)


def rotate(x, k):
    return x * 2**k % WORD + x // 2 ** (64 - k)


def xoshiro256ss(s):
    s = list(s)
    while True:
        yield rotate(s[1] * 5 % WORD, 7) * 9 % WORD
        t = s[1] * 2**17 % WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)


def first(generator, count):
    return [next(generator) for _ in range(count)]


assert first(splitmix64(1234567), 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]
assert first(xoshiro256ss([1, 2, 3, 4]), 4) == [11520, 0, 1509978240, 1215971899390074240]

lines = []
for seed in (0, 1, 42, 1234567, 2**63, 2**64 - 1):
    numbers = first(xoshiro256ss(first(splitmix64(seed), 4)), 6)
    lines.append(" ".join(str(n) for n in [seed] + numbers))
pathlib.Path(__file__).with_name("rng.txt").write_text("\n".join(lines) + "\n")
