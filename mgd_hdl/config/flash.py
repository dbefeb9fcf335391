"""Samples in a serial flash memory: where they begin, how they are packed, how long reading takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["COMMAND_BITS", "GAP", "READ", "WAKE", "WAKE_CLOCKS", "FlashInputs", "FlashSamples"]

#: Commands of all such memories, one bit wide: read from a byte address on, and leave power-down.
READ, WAKE = 0x03, 0xAB
#: Bits of a command to read, with its address.
COMMAND_BITS = 32
#: Clocks for which the memory is not selected between two commands: a W25Q128JV asks for 10 ns after a read.
GAP = 4
#: Clocks from the end of WAKE to the first command, a power of two: a W25Q128JV asks for 3 us.
WAKE_CLOCKS = 1 << 10
#: A bank's step waits for so many clocks; then a sweep goes by itself, which brings what the last one owes.
PATIENCE = 12
#: Over so many turns of all samples a mean is taken; the first one is another.
TURNS = 10


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


@dataclass(frozen=True, kw_only=True)
class FlashInputs(FlashSamples):
    """Samples that are read input by input into a memory of two pages.

    Each lies there as the words of its port, without the bit that marks the first one, and without the
    targets in all but the last: the inputs in their order but for the last, the targets, the last first, and
    the last input; each from its highest bit on.

    Attributes
    ----------
    inputs : int
        Of a sample.
    width : int
        Bits of an input.
    sweep : float
        Clocks of a sweep that goes by itself where a step has waited for too long; 0 where none does.
    """

    inputs: int
    width: int
    sweep: float

    def packed(self, words: Iterable[int]) -> bytes:
        """As of whole samples, with inputs in the low bits of a word, input 0 lowest of all."""
        return super().packed(map(self._sent, words))

    def _sent(self, word: int) -> int:
        """The same bits in the order of the memory, the first one highest."""
        digits = f"{word:0{self.bits}b}"
        targets = len(digits) - self.inputs * self.width
        places = range(len(digits) - self.width, targets - 1, -self.width)
        *before, last = (digits[place : place + self.width] for place in places)
        return int("".join([*before, digits[:targets], last]), 2)

    def clocks_between(self, asked: float) -> float:
        """From one sample to the next, in the mean, where a trainer asks for them that many clocks apart.

        It is counted sample after sample, over some turns of all: when a sample has been read, is whole in
        its page, and is taken, 2 clocks later at the earliest. While it waits the first word of the next one
        is read, and a bit behind that; that word lands 2 clocks after it was taken.
        """
        first = self.bits if self.inputs == 1 else self.width
        read, whole, taken, turns = 0.0, 0.0, 2.0, []
        for number in range(TURNS * self.count):
            command = 0 if number % self.count else self.wrap_clocks
            read = max(read + command, whole - 2) + 2 * first
            if self.inputs > 1:
                read = whole = max(read, taken) + 2 * (self.bits - first)
            else:
                whole = max(read, taken + 2)
            taken = self._taken(taken + asked, whole + 2)
            if command:
                turns.append(taken)
        return (turns[-1] - turns[1]) / (len(turns) - 2) / self.count

    def _taken(self, due: float, there: float) -> float:
        """When a sample is taken that was due, and is there. A step whose sample comes as the sweep begins
        that goes by itself has begun, and only waits for its end.
        """
        waits = there - due
        if waits <= PATIENCE or not self.sweep:
            return max(due, there)
        return max(there, due + PATIENCE + self.sweep - (waits == PATIENCE + 1))
