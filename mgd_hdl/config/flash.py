"""Samples in a serial flash memory: where they begin, how they are packed, how long reading takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["COMMAND_BITS", "GAP", "PATIENCE", "READ", "WAKE", "WAKE_CLOCKS", "FlashInputs", "FlashSamples"]

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
    shown : int
        Clocks from a sample that is whole, where a trainer takes it from, to the first in which it does: one,
        of a bank 2.
    sweep : float
        Clocks of a sweep that goes by itself where a bank's step has waited for too long; 0 where none does.
    """

    first: int
    count: int
    bits: int
    shown: int = 1
    sweep: float = 0.0

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

        It is counted sample after sample, over some turns of all.
        """
        read, whole, taken, turns = 0.0, 0.0, 0.0, []
        for number in range(TURNS * self.count):
            command = 0 if number % self.count else self.wrap_clocks
            read, whole = self._next(read + command, whole, taken)
            taken = self._taken(taken + asked, whole + self.shown)
            if command:
                turns.append(taken)
        return (turns[-1] - turns[1]) / (len(turns) - 2) / self.count

    def _next(self, read: float, whole: float, taken: float) -> tuple[float, float]:
        """When a sample has been read, and is where the trainer takes it from; given the same of the one
        before, the command that came between, and when that one was taken.

        The first bit is read as the sample before goes to the register of the stream, which is free in the
        clock after a sample was taken.
        """
        read = max(read + 1, whole) + 2 * self.bits - 1
        return read, max(read, taken + 1)

    def _taken(self, due: float, there: float) -> float:
        """When a sample is taken that was due, and is there. A step whose sample comes as the sweep begins
        that goes by itself has begun, and only waits for its end.
        """
        waits = there - due
        if waits <= PATIENCE or not self.sweep:
            return max(due, there)
        return max(there, due + PATIENCE + self.sweep - (waits == PATIENCE + 1))


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
    """

    inputs: int
    width: int
    shown: int = 2

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

    def _next(self, read: float, whole: float, taken: float) -> tuple[float, float]:
        """As of whole samples. While a sample waits in its page, the first word of the next one is read, and
        a bit behind that; that word lands 2 clocks after it was taken.
        """
        first = self.bits if self.inputs == 1 else self.width
        read = max(read, whole - 2) + 2 * first
        if self.inputs == 1:
            return read, max(read, taken + 2)
        read = max(read, taken) + 2 * (self.bits - first)
        return read, read
