"""Samples in an SDRAM: how many clocks the chip asks for, how samples lie in it, how long reading takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from .flash import PATIENCE

__all__ = [
    "BANKS",
    "MODE",
    "PLACES",
    "READY_TICKS",
    "WAIT_TICKS",
    "WORD",
    "Sdram",
    "SdramInputs",
    "SdramSamples",
]

#: Bits of a word, and banks.
WORD, BANKS = 16, 4
#: The mode register: one word a command, CAS latency 2.
MODE = 0b010_0_000
#: Words that are held or on their way where samples go input by input: one is there three clocks after it
#: was asked for, so with three of them there may be one each clock.
PLACES = 3
#: Clocks from the last input of a sample to the first one of the next, where a memory of two pages takes them
#: and the network all samples at once.
_TURN = 4
#: Refreshes of all rows in a time, in milliseconds.
REFRESHES, REFRESH_MS = 8192, 64
#: Refresh intervals for which a chip is left alone after power-up, 250 us where 200 are asked for; and
#: after how many it has had its refreshes, eight or more, and gets its mode.
WAIT_TICKS, READY_TICKS = 32, 40
#: Times in nanoseconds that the chips of this kind allow, the longest of their slower grades: from ACTIVATE
#: to a command for its row, and to PRECHARGE; from PRECHARGE to ACTIVATE; from ACTIVATE to ACTIVATE; from
#: REFRESH to any command; from a word written to PRECHARGE.
_RCD, _RAS, _RP, _RC, _RFC, _WR = 21, 45, 21, 68, 70, 15
#: Clocks, whatever their rate: from a word written to PRECHARGE, from a mode to any command.
_WR_CLOCKS, _MRD_CLOCKS = 2, 2
#: No refresh is later than that: another command, a row to close.
_LATE = 16


@dataclass(frozen=True, kw_only=True)
class Sdram:
    """A chip of 16 bits and four banks at a clock's rate, and the clocks from each command to the next.

    Attributes
    ----------
    clock_hz : int
    columns : int
        Words of a row, a power of two.
    rows : int
        Of a bank, a power of two.
    """

    clock_hz: int
    columns: int = 512
    rows: int = 8192

    def _clocks(self, nanoseconds: int) -> int:
        return -(-nanoseconds * self.clock_hz // 10**9)

    @cached_property
    def activate(self) -> int:
        """After ACTIVATE: then the row may be read, or closed again."""
        return max(self._clocks(_RCD), self._clocks(_RAS))

    @cached_property
    def precharge(self) -> int:
        return max(self._clocks(_RP), self._clocks(_RC) - self.activate)

    @cached_property
    def refresh(self) -> int:
        return self._clocks(_RFC)

    @cached_property
    def write(self) -> int:
        """After WRITE: then the row may be closed."""
        return max(_WR_CLOCKS, self._clocks(_WR))

    @property
    def mode(self) -> int:
        return _MRD_CLOCKS

    @cached_property
    def interval(self) -> int:
        """From one refresh to the next; of 64 ms there are some clocks left for one that comes late."""
        return (REFRESH_MS * self.clock_hz // 1000 - _LATE) // REFRESHES

    @property
    def words(self) -> int:
        return BANKS * self.rows * self.columns


@dataclass(frozen=True, kw_only=True)
class SdramSamples:
    """Samples one after the other from the first word on, each in words of its own.

    A sample's word, as in the stream, goes from its highest bit to its lowest. The first bits of its first
    word mean nothing where its bits are no multiple of 16: so its last bit is the lowest of its last word,
    and a register that takes 16 bits a clock holds it without a shifter.

    Attributes
    ----------
    chip : Sdram
    count : int
        Samples.
    bits : int
        Of one.
    """

    chip: Sdram
    count: int
    bits: int

    @property
    def sample_words(self) -> int:
        """Words of one."""
        return -(-self.bits // WORD)

    @property
    def pad(self) -> int:
        """Bits of its first word that mean nothing."""
        return self.sample_words * WORD - self.bits

    @property
    def size(self) -> int:
        """Words of all."""
        return self.count * self.sample_words

    @property
    def sent_bits(self) -> int:
        """Of a sample, by which the memory is filled."""
        return self.bits

    def sent(self, words: Iterable[int]) -> Iterable[int]:
        """These bits of each sample, the first one highest."""
        return words

    @property
    def sample_clocks(self) -> int:
        """From one sample to the next, taken at once, where no refresh and no other row comes between."""
        return self.sample_words + 2

    @property
    def load_clocks(self) -> int:
        """From a load to the first sample, if nothing was under way and no refresh is due."""
        return self.row_clocks + self.sample_words + 3

    @property
    def row_clocks(self) -> int:
        """At most so many more for another row: each time that it ends, and after the last sample."""
        return self.chip.precharge + self.chip.activate

    @property
    def refresh_clocks(self) -> int:
        """At most so many more for a refresh."""
        return self.row_clocks + self.chip.refresh

    @property
    def mean_clocks(self) -> float:
        """A sample's, of all and over many turns, if nobody waits: at most."""
        return self._mean(self.sample_clocks)

    def _mean(self, clocks: float) -> float:
        """So many a sample, with other rows and refreshes between, over many turns: at most."""
        rows = -(-self.size // self.chip.columns)
        reads = clocks + rows * self.row_clocks / self.count
        return reads * self.chip.interval / (self.chip.interval - self.refresh_clocks)

    @property
    def fill_clocks(self) -> int:
        """Until all samples are there, about: a bit every two clocks, once the chip is ready."""
        return READY_TICKS * self.chip.interval + 2 * self.count * self.sent_bits

    def clocks_between(self, asked: float) -> float:
        """From one sample to the next, in the mean, where a trainer asks for them that many clocks apart: at
        most.
        """
        return max(self.mean_clocks, asked)


@dataclass(frozen=True, kw_only=True)
class SdramInputs(SdramSamples):
    """Samples that are read input by input into a memory of two pages.

    Each has words of its own: first those of its targets, together one number, the first target lowest and
    the highest word first; then those of its inputs, as many to a word as there is room for, the first one
    lowest. What is left over is in the highest bits: of the first word of targets, and of each of inputs.

    Attributes
    ----------
    inputs : int
        Of a sample.
    width : int
        Bits of an input.
    sweep : float
        Clocks of a sweep that goes by itself where a bank's step has waited for too long; 0 where none does.
    """

    inputs: int
    width: int
    sweep: float = 0.0

    @property
    def word_inputs(self) -> int:
        """Inputs of a word."""
        return WORD // self.width

    @property
    def last_inputs(self) -> int:
        """Inputs of a sample's last word."""
        return (self.inputs - 1) % self.word_inputs + 1

    @property
    def target_words(self) -> int:
        """Words of the targets."""
        return -(-(self.bits - self.inputs * self.width) // WORD)

    @property
    def sample_words(self) -> int:
        """Words of one."""
        return self.target_words + -(-self.inputs // self.word_inputs)

    @property
    def pad(self) -> int:
        """Whole words are sent."""
        return 0

    @property
    def sent_bits(self) -> int:
        """Of a sample, by which the memory is filled."""
        return WORD * self.sample_words

    def sent(self, words: Iterable[int]) -> Iterable[int]:
        """Each sample's words, with inputs in the low bits of what is given, input 0 lowest of all."""
        ends = self.inputs * self.width
        used = self.word_inputs * self.width
        for word in words:
            sent, inputs = word >> ends, word & ((1 << ends) - 1)
            for place in range(0, ends, used):
                sent = sent << WORD | (inputs >> place & ((1 << used) - 1))
            yield sent

    @property
    def sample_clocks(self) -> int:
        """From one sample to the next, taken at once, where no refresh and no other row comes between."""
        return self.target_words + self.inputs

    @property
    def load_clocks(self) -> int:
        """From a load to the first input, if nothing was under way and no refresh is due."""
        return self.row_clocks + self.target_words + 4

    @property
    def turn_clocks(self) -> int:
        """The same with two pages, each of which is free as soon as the network has taken the other one."""
        return self.inputs - 1 + max(self.target_words + 1, _TURN)

    @property
    def most_clocks(self) -> int:
        """And with all that may come between."""
        rows = self.sample_words // self.chip.columns + 2
        reads = self.turn_clocks + rows * self.row_clocks
        return reads + self.refresh_clocks * (2 + reads // (self.chip.interval - self.refresh_clocks))

    def clocks_between(self, asked: float) -> float:
        """From one sample to the next, in the mean, where a trainer asks for them that many clocks apart: at
        most.

        Where a sample might come too late for a step, all are taken to find a sweep that goes by itself.
        """
        if self.sweep and self.most_clocks > asked + PATIENCE:
            asked += PATIENCE + self.sweep
        return asked if asked >= self.most_clocks else self._mean(max(asked, self.turn_clocks))
