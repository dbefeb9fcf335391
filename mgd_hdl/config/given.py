"""Parameters that are given: what the cells hold at the start, where it is not drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .asked import Asked
from .levels import Levels
from .words import Words

if TYPE_CHECKING:
    from .attached.parameters import Found

__all__ = ["Given"]

KEY = "network.parameters"


@dataclass(frozen=True, eq=False)
class Given:
    """The T of ``network.parameters``, and how they come into the cells.

    A number is rounded to the nearest last bit of T, of two equally near ones to the even one. T may be
    beyond its rail by no more than one word, as in training: what is further out is clipped. So it comes
    as two words, the first up to the rail; a second round brings the rest, where there is any.
    """

    asked: Asked
    words: Words
    levels: Levels

    def __bool__(self) -> bool:
        return bool(self.asked.network.parameters)

    @cached_property
    def found(self) -> Found:
        """What the file holds; raises Unreadable."""
        from .attached.parameters import parameters  # loads NumPy

        file = self.asked.attached.file(KEY)
        assert file is not None
        return parameters(file.data, self.asked.network.layers)

    @cached_property
    def _exact(self) -> tuple[float, ...]:
        """In last bits of T: multiples of powers of two, so nothing is lost."""
        step = self.words.parameter.fraction_bits
        if self.found.format:
            step -= self.found.format.fraction_bits
        far = float(1 << 64)  # clipped in any format, and of no harm
        return tuple(math.ldexp(max(-far, min(far, number)), step) for number in self.found.numbers)

    @property
    def least(self) -> int:
        """The least T that two words bring into a cell."""
        return -(1 << self.levels.rail) + self.words.word.min

    @property
    def most(self) -> int:
        """The greatest."""
        return (1 << self.levels.rail) - 1 + self.words.word.max

    @cached_property
    def theta(self) -> tuple[int, ...]:
        """T of every parameter."""
        return tuple(max(self.least, min(self.most, round(number))) for number in self._exact)

    @cached_property
    def clipped(self) -> int:
        """How many of them were further out than a cell can be."""
        return len(self._exact) - sum(map(self._fits, self._exact))

    @cached_property
    def rounded(self) -> float:
        """The largest change by rounding, of those that were not clipped; in the value of a parameter."""
        changes = (abs(number - round(number)) for number in filter(self._fits, self._exact))
        return max(changes, default=0.0) * self.words.parameter.step

    def _fits(self, number: float) -> bool:
        return self.least <= round(number) <= self.most

    @cached_property
    def rounds(self) -> int:
        """How often the words are gone through: twice if any T is beyond the rail; a bank is written once."""
        if self.asked.bank:
            return 1
        rail = 1 << self.levels.rail
        return 1 if all(-rail <= each < rail for each in self.theta) else 2

    @cached_property
    def table(self) -> tuple[tuple[int, ...], int]:
        """What the memory of initial words holds, as bits, and its width: round by round; of a bank T."""
        if self.asked.bank:
            width = self.words.parameter.width
            return tuple(each & ((1 << width) - 1) for each in self.theta), width
        rail = 1 << self.levels.rail
        first = [max(-rail, min(rail - 1, each)) for each in self.theta]
        rest = [each - part for each, part in zip(self.theta, first, strict=True)]
        width = self.words.word.width
        words = first + (rest if self.rounds == 2 else [])
        return tuple(word & ((1 << width) - 1) for word in words), width
