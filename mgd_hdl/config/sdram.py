"""Samples in an SDRAM: how many clocks the chip asks for, how samples lie in it, how long reading takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

__all__ = ["BANKS", "MODE", "READY_TICKS", "WAIT_TICKS", "WORD", "Sdram", "SdramSamples"]

#: Bits of a word, and banks.
WORD, BANKS = 16, 4
#: The mode register: one word a command, CAS latency 2.
MODE = 0b010_0_000
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
        rows = -(-self.size // self.chip.columns)
        reads = self.sample_clocks + rows * self.row_clocks / self.count
        return reads * self.chip.interval / (self.chip.interval - self.refresh_clocks)

    @property
    def fill_clocks(self) -> int:
        """Until all samples are there, about: a bit every two clocks, once the chip is ready."""
        return READY_TICKS * self.chip.interval + 2 * self.count * self.bits

    def clocks_between(self, asked: float) -> float:
        """From one sample to the next, in the mean, where a trainer asks for them that many clocks apart: at
        most.
        """
        return max(self.mean_clocks, asked)
