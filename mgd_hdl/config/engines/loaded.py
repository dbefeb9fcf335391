"""Cells in a chain, into which code words of any family are shifted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from .facts import CELL, EngineFacts, Probe

__all__ = ["LoadedFacts"]


@dataclass(frozen=True, eq=False)
class LoadedFacts(EngineFacts):
    """Every cell holds its code word from before the measurement until after the update."""

    name: ClassVar[str] = "loaded"
    option: ClassVar[str] = "loaded codes"
    chain: ClassVar[bool] = True
    waits: ClassVar[bool] = True

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """A code is loaded after the last update with the one before; the reference of a one-sided step can
        pass meanwhile. That of a device outside is longer, where a new code comes with one.
        """
        # One of the words enters while the reference does, or the copy is made; one more while that follows.
        asked, tau_p, window = self.asked, self.asked.learning.tau_p, self.asked.learning.tau_theta
        load = asked.parameters - 1 + asked.two_sided - asked.shadow
        if asked.outside and not (asked.two_sided or asked.analog or asked.shadow):
            load = 0
        clocks = wait + 1 + asked.shadow + Fraction(load, tau_p)
        if asked.follow:
            clocks += Fraction(1, window) - Fraction(min(1, load), math.lcm(tau_p, window))
        return clocks

    def _code(self) -> Probe:
        return Probe("code", "parameter", f"{CELL}.o_code", "measured")
