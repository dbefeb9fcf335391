"""Parameters of a device outside, in a block memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ..asked import Asked
from ..network import LayerConfig
from .bank import BankFacts
from .series import Series
from .sweep import LaneWords

__all__ = ["OutsideBankFacts"]


@dataclass(frozen=True, eq=False)
class OutsideBankFacts(BankFacts):
    """All words pass once to take the update of a step, and once for each measurement, on their way out."""

    name: ClassVar[str] = "outside bank"
    joins: ClassVar[bool] = False

    @classmethod
    def chosen(cls, asked: Asked) -> bool:
        return asked.outside and super().chosen(asked)

    def sweep(self, layers: Sequence[LayerConfig]) -> None:  # type: ignore[override]
        """There is no network."""

    def series(self, layers: Sequence[LayerConfig]) -> Series:
        return Series(layers, self.tables, self.asked.single_port)

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """All words pass, and the last one is written, before the next step; a table is a clock more, and so
        are single ports.
        """
        return Fraction(
            wait + self.asked.parameters + self.tables + LaneWords.turn + self.asked.single_port + 1
        )
