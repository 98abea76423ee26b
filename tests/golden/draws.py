"""Numbers that scripts and tests draw alike: splitmix64, and a digest of words that knows their places."""
import numpy as np

U64 = np.uint64
GOLDEN = 0x9E3779B97F4A7C15


def mix(x):
    x = (x ^ (x >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U64(27))) * U64(0x94D049BB133111EB)
    return x ^ (x >> U64(31))


def splitmix(seed, count):
    return mix((np.arange(1, count + 1, dtype=U64) * U64(GOLDEN)) + U64(seed))


def digest(words):
    """Of 32-bit words, each with its place."""
    words = words.astype(U64)
    return int(np.sum(mix(words + U64(GOLDEN) * np.arange(1, words.size + 1, dtype=U64)), dtype=U64))
