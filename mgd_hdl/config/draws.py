"""Numbers that look random and are the same on every machine: what a seed or a device's number stands for."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

__all__ = ["normals", "picked", "scramble", "scrambled", "shuffled"]

_STANDARD = NormalDist()


def scramble(value: int) -> int:
    """The finaliser of SplitMix64: neighbouring integers become unrelated seeds."""
    mask = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)


def scrambled(seed: int, stream: int) -> Iterator[int]:
    """64-bit words without end; streams of one seed are unrelated."""
    state = scramble(scramble(seed) ^ stream)
    while True:
        state = scramble(state)
        yield state


def normals(seed: int, stream: int) -> Iterator[float]:
    """Independent draws from the standard normal distribution, by its inverse: 53 bits of each word."""
    for word in scrambled(seed, stream):
        yield _STANDARD.inv_cdf(((word >> 11) + 0.5) / (1 << 53))


def picked(seed: int, stream: int, total: int, count: int) -> frozenset[int]:
    """``count`` different numbers below ``total``, each set equally likely."""
    return frozenset(shuffled(seed, stream, total, count))


def shuffled(seed: int, stream: int, total: int, count: int | None = None) -> list[int]:
    """The numbers below ``total`` in an order that the seed draws, or the first ``count`` of them."""
    count = total if count is None else count
    order = list(range(total))
    words = scrambled(seed, stream)
    for place in range(count):  # a Fisher-Yates shuffle
        other = place + next(words) % (total - place)
        order[place], order[other] = order[other], order[place]
    return order[:count]
