"""Cells that take a whole word in one clock, picked by the wires of a code."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from .facts import CELL, EngineFacts, Probe

__all__ = ["ParallelFacts"]


@dataclass(frozen=True, eq=False)
class ParallelFacts(EngineFacts):
    """With a shadow copy the measurements of a window overlap."""

    name: ClassVar[str] = "parallel"

    @property
    def overlapping(self) -> bool:
        return self.asked.shadow and not self.asked.outside

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """A step commands its reference, where it needs one, and its perturbed cost. Then every step without
        shadow waits for its update, a window's last step with shadow waits for it and for the copy, and
        delayed updates are never waited for.
        """
        asked, window = self.asked, self.asked.learning.tau_theta
        if asked.delayed:
            return Fraction(2)
        # Without shadow tau_theta divides tau_p, and of so many steps one makes an update.
        waited = wait + Fraction(tail, 1 if asked.shadow else window)
        if self.overlapping:
            return (2 * window + waited + (asked.follow > 0)) / window
        return waited + 1 + asked.shadow + Fraction(asked.follow > 0, window)

    def _code(self) -> Probe:
        bit = "code" if self.asked.some_stuck or self.asked.sparse else "integrator.enable"
        return Probe("code", "parameter", f"{CELL}.{bit}", "met")

    @property
    def without_shadow(self) -> str:
        if self.asked.early:
            return 'other times need enables = "direct" with engine.shadow = "yes"'
        return super().without_shadow
