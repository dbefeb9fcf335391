"""Samples of a table as docs/data.md says, in plain Python: what is stored, and what is set aside."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

__all__ = ["parts", "scaled", "words"]

Row = Sequence[str]


def mix(x: int) -> int:
    """docs/numbers.md, Seeds."""
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) % 2**64
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) % 2**64
    return x ^ x >> 31


def parts(rows: Sequence[Row], split: int, share: Fraction) -> tuple[list[Row], list[Row]]:
    """Rows to learn from, in their order, and rows that are set aside; the last cell is the class."""
    word = mix(mix(split) ^ 3)
    order = list(rows)
    for place in range(len(order)):
        word = mix(word)
        other = place + word % (len(order) - place)
        order[place], order[other] = order[other], order[place]
    left = {}
    for name in {row[-1] for row in rows}:
        count = sum(row[-1] == name for row in rows)
        left[name] = min(round(share * count), count - 1)
    train: list[Row] = []
    test: list[Row] = []
    for row in order:
        (test if left[row[-1]] > 0 else train).append(row)
        left[row[-1]] -= 1
    return train, test


def scaled(rows: Sequence[Row], train: Sequence[Row], least: int, most: int) -> list[list[int]]:
    """The cells before the class, each column from its least to its greatest number in ``train``."""
    found = []
    for column in range(len(rows[0]) - 1):
        known = [Fraction(row[column]) for row in train]
        low, high = min(known), max(known)
        exact = [(Fraction(row[column]) - low) * (most - least) / (high - low) for row in rows]
        found.append([max(least, min(most, round(value) + least)) for value in exact])
    return [list(row) for row in zip(*found, strict=True)]


def words(
    inputs: Sequence[Sequence[int]], bits: int, targets: Sequence[Sequence[int]], more: int
) -> list[int]:
    """Inputs of so many bits in the low bits, then targets of so many, two's complement."""
    return [
        sum((value % 2**bits) << place * bits for place, value in enumerate(x))
        | sum((value % 2**more) << len(x) * bits + place * more for place, value in enumerate(target))
        for x, target in zip(inputs, targets, strict=True)
    ]
