"""Samples in a serial flash memory: where they begin, how they are packed, how long reading takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["COMMAND_BITS", "GAP", "READ", "WAKE", "WAKE_CLOCKS", "FlashSamples"]

#: Commands of all such memories, one bit wide: read from a byte address on, and leave power-down.
READ, WAKE = 0x03, 0xAB
#: Bits of a command to read, with its address.
COMMAND_BITS = 32
#: Clocks for which the memory is not selected between two commands: a W25Q128JV asks for 10 ns after a read.
GAP = 4
#: Clocks from the end of WAKE to the first command, a power of two: a W25Q128JV asks for 3 us.
WAKE_CLOCKS = 1 << 10


@dataclass(frozen=True, kw_only=True)
class FlashSamples:
    """Samples one after the other, bit by bit, from a byte address on.

    A sample's word, as in the stream, goes from its highest bit to its lowest, and a byte is filled from its
    highest bit on, which is the first that such a memory sends. Nothing is left free between two samples:
    they are only ever read in a row, and bits that mean nothing would take two clocks each.

    Attributes
    ----------
    first : int
        The address.
    count : int
        Samples.
    bits : int
        Of one.
    """

    first: int
    count: int
    bits: int

    @property
    def size(self) -> int:
        """Bytes."""
        return -(-self.count * self.bits // 8)

    def packed(self, words: Iterable[int]) -> bytes:
        """What the memory holds from ``first`` on; the last byte's free bits are 0."""
        digits = "".join(f"{word:0{self.bits}b}" for word in words)
        assert len(digits) == self.count * self.bits
        return int(digits.ljust(8 * self.size, "0"), 2).to_bytes(self.size, "big")

    @property
    def sample_clocks(self) -> int:
        """From one sample to the next one behind it, if nobody waits."""
        return 2 * self.bits

    @property
    def wrap_clocks(self) -> int:
        """More of them from the last sample to the first."""
        return GAP + 2 * COMMAND_BITS + 1

    @property
    def mean_clocks(self) -> float:
        """A sample's, of all, if nobody waits."""
        return (self.count * self.sample_clocks + self.wrap_clocks) / self.count

    def clocks_between(self, asked: float) -> float:
        """From one sample to the next, in the mean, where a trainer asks for them that many clocks apart.

        While the first sample is read again, and before it the command, the last ones are taken; the rest of
        that time the trainer waits. But nothing is faster than reading.
        """
        waits = max(0.0, 2 * self.sample_clocks + self.wrap_clocks + 1 - 3 * asked)
        if asked <= self.sample_clocks:
            return self.mean_clocks
        return max(self.mean_clocks, asked + waits / self.count)
