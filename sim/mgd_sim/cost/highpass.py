"""The cost change without a baseline: what of the cost is new, and how soon is that forgotten?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgd_hdl.config import HIGH_PASS, TrainerConfig

from ..fixed import Flags, Ints, saturate

__all__ = ["HighPass", "Passed"]


class Passed(NamedTuple):
    """What the high-pass remembers.

    Attributes
    ----------
    high_passed : Ints
        (R,), C~ with its remainder below, in ``config.words.high_passed``.
    before : Ints
        (R,), C of the step before.
    """

    high_passed: Ints
    before: Ints


class HighPass:
    """``C~ = a (C~ + C - C_before)``, its remainder kept for the next step.

    Parameters
    ----------
    config : TrainerConfig
    coefficient : int
        a in ``HIGH_PASS``.
    """

    def __init__(self, config: TrainerConfig, coefficient: int):
        self.low, self.high = config.words.cost_change.min, config.words.cost_change.max
        self.coefficient = coefficient

    def start(self, replicas: int) -> Passed:
        """At step 0."""
        return Passed(np.zeros(replicas, dtype=np.int64), np.zeros(replicas, dtype=np.int64))

    def __call__(self, passed: Passed, cost: Ints, blank: bool) -> tuple[Passed, Ints, Flags]:
        """What it remembers then, C~ in ``config.words.cost_change``, and where the sum was limited.

        Parameters
        ----------
        passed : Passed
        cost : Ints
            (R,), C in ``config.words.cost``.
        blank : bool
            The sample is a new one: C_before is C.
        """
        kept = passed.high_passed >> HIGH_PASS.width
        total, limited = saturate(kept if blank else kept + (cost - passed.before), self.low, self.high)
        remainder = passed.high_passed & HIGH_PASS.max
        high_passed = total * self.coefficient + remainder
        return Passed(high_passed, cost), high_passed >> HIGH_PASS.width, limited
