"""Cells that take a word bit by bit, which keeps them busy for a while."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ..delivery import BITS, Delivery
from .facts import CELL, EngineFacts, Probe

__all__ = ["SerialFacts"]


@dataclass(frozen=True, eq=False)
class SerialFacts(EngineFacts):
    """A cell holds one copy of its parameter, in a column of its tile's memory."""

    name: ClassVar[str] = "serial"
    option: ClassVar[str] = "serial cells"
    delivery: ClassVar[Delivery] = BITS
    waits: ClassVar[bool] = True
    joins: ClassVar[bool] = True
    memory: ClassVar[bool] = True

    def word_clocks(self, width: int) -> int:
        """Cells start, hear what is to come, and take a bit in every further clock."""
        return 2 + width

    def measure_clocks(self, width: int) -> int:
        return 2 + width

    @property
    def weight_clocks(self) -> int:
        return 3

    def watch_clocks(self, width: int) -> int:
        """In the middle of three clocks between two passes."""
        return width + 3

    def join_clocks(self, guard_bits: int) -> int:
        """In the same pass, because the lowest bit that it needs is three clocks away."""
        return guard_bits - 2

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """The reference joins the pass of the update; with a device outside it begins two clocks behind."""
        return Fraction(wait + 2 * self.asked.outside)

    def cell_registers(self, width: int) -> int:
        """Carry, rail and enable; the parameter is in a memory."""
        return 4

    @property
    def clears(self) -> int:
        """A pass with a word of -1 clears all cells."""
        return 1

    @property
    def starts_unknown(self) -> bool:
        """The pass that clears reads nothing of them."""
        return True

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Codes stand at the cells while the perturbed cost arrives; parameters are columns of memories.

        ``theta_bits`` are the words of these memories: tile by tile, the lowest bit of all parameters first.
        """
        return (
            Probe("code", "parameter", f"{CELL}.code", "measured"),
            Probe("theta_bits", "bit", "core.array.tile_{tile}.store[{bit}]", "done"),
        )

    @property
    def without_shadow(self) -> str:
        return 'other times need cell = "parallel" with engine.shadow = "yes"'
