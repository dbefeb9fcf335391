"""A board learns alone: where do the seeds of its first, second, ... try come from?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .codes import LFSR
from .draws import scramble
from .registers import SEEDS, Registers
from .trainer import TrainerConfig

__all__ = ["Tries"]


@dataclass(frozen=True)
class Tries:
    """Seeds try by try: a register steps once a try, and each seed is its state with some bits inverted.

    Which bits, the ``keys``, is chosen so that the first try has the seeds of the configuration.
    The keys also keep tries apart: the streams that start from the seeds are made by the same
    recurrence, so without keys the second try would begin as the first one goes on. A state is never
    zero, and the circuits that take a seed force its bit 0, so no stream is ever the dead zero.
    """

    config: TrainerConfig

    @cached_property
    def first(self) -> int:
        """The register's state in the first try."""
        return LFSR.valid(scramble(~self.config.seed))

    @cached_property
    def keys(self) -> dict[str, int]:
        """By seed: what is exclusive-ored with the state."""
        registers = self.config.registers()
        return {name: getattr(registers, name) ^ self.first for name in SEEDS}

    def masks(self, count: int) -> list[int]:
        """Of the first ``count`` tries what is exclusive-ored with every seed of the first."""
        found, state = [], self.first
        for _ in range(count):
            found.append(state ^ self.first)
            state = LFSR.step(state)
        return found

    def registers(self, count: int) -> list[Registers]:
        """The run-time registers of the first ``count`` tries."""
        first = self.config.registers()
        return [self.masked(first, mask) for mask in self.masks(count)]

    @staticmethod
    def masked(first: Registers, mask: int) -> Registers:
        """The registers of a try, from those of the first."""
        return replace(first, **{name: getattr(first, name) ^ mask for name in SEEDS})
