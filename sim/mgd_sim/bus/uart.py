"""Bits of a serial line: levels of bytes, and bytes of levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["levels", "received"]


def levels(byte: int, clocks: int, *, stop: int = 1) -> list[int]:
    """What the line is in each clock: a start bit, eight bits from the lowest on, a stop bit."""
    bits = [0, *(byte >> place & 1 for place in range(8)), stop]
    return [bit for bit in bits for _ in range(clocks)]


def received(line: Sequence[int], clocks: int) -> Iterator[tuple[int, int | None]]:
    """For each byte the clock of ``line`` in which its stop bit is looked at, and the byte; None without one.

    A bit is looked at ``clocks`` after the one before, the start bit ``clocks // 2`` after its edge.
    """
    at = 0
    while at < len(line):
        if line[at]:
            at += 1
            continue
        middle = at + clocks // 2
        end = middle + 9 * clocks
        if middle >= len(line):
            return
        if line[middle]:
            at = middle + 1
            continue
        if end >= len(line):
            return
        byte = sum(line[middle + (place + 1) * clocks] << place for place in range(8))
        yield end, byte if line[end] else None
        at = end + 1
        while not line[end] and at < len(line) and not line[at]:
            at += 1
