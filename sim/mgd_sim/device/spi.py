"""Frames on the wires of an SPI bus: levels of words, and words of levels."""

from __future__ import annotations

from collections.abc import Sequence

from mgd_hdl.config.spi import Frames

__all__ = ["levels", "taken"]


def levels(frames: Frames, word: int) -> list[tuple[int, int | None]]:
    """The clock and the bit on the wires in each clock in which a chip is selected; None where no chip looks
    at the bit.
    """
    found: list[tuple[int, int | None]] = []
    for clock in range(frames.low):
        edges = clock // frames.half
        # The bit whose two edges are about this clock.
        place = (edges - 1) // 2 if frames.mode & 1 else edges // 2
        there = 0 <= place < frames.bits
        found.append((frames.mode >> 1 ^ edges & 1, _bit(frames, word, place) if there else None))
    return found


def taken(frames: Frames, line: Sequence[int]) -> int:
    """The word of what the other wire is in these clocks: each bit is taken with its edge."""
    word = 0
    for place in range(frames.bits):
        edge = 2 * place + 1 + (frames.mode & 1)
        bit = line[edge * frames.half - 1]
        word |= bit << (place if frames.lsb_first else frames.bits - 1 - place)
    return word


def _bit(frames: Frames, word: int, place: int) -> int:
    return word >> (place if frames.lsb_first else frames.bits - 1 - place) & 1
