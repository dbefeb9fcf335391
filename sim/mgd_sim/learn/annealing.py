"""Annealing: the learning rate halves again and again while training goes on."""

from __future__ import annotations

from mgd_hdl.config import Registers

__all__ = ["Annealing"]


class Annealing:
    """The learning shift of the next update: one more after every ``anneal_every`` updates.

    Attributes
    ----------
    shift : int
    """

    def __init__(self, registers: Registers):
        self.every, self.last = registers.anneal_every, registers.last_shift
        self.left = self.every
        self.shift = registers.learning_shift

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
