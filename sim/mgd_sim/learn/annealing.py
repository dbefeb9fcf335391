"""Annealing: the learning rate, or the amplitude, halves again and again while training goes on."""

from __future__ import annotations

from mgd_hdl.config import Registers, TrainerConfig

from ..moves import Within

__all__ = ["Annealing"]


class Annealing:
    """A shift that is one more after every so many updates, until the last.

    Attributes
    ----------
    shift : int
        The learning shift of the next update; or how often the amplitude has halved.
    """

    def __init__(self, shift: int, every: int, last: int):
        self.shift, self.every, self.last = shift, every, last
        self.left = every
        #: Between which the shift stays.
        self.within = Within(shift, max(shift, last))

    @classmethod
    def of_rate(cls, registers: Registers) -> Annealing:
        """The learning shift."""
        return cls(registers.learning_shift, registers.anneal_every, registers.last_shift)

    @classmethod
    def of_amplitude(cls, config: TrainerConfig, registers: Registers) -> Annealing:
        """How often the amplitude has halved."""
        return cls(0, registers.halve_every, config.amplitude_halvings)

    def updated(self) -> bool:
        """One update was made; whether the shift is another one now."""
        self.left -= 1
        if self.left:
            return False
        self.left = self.every
        if self.shift >= self.last:
            return False
        self.shift += 1
        return True
