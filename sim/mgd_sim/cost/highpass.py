"""The cost change without a baseline: what of the cost is new, and how soon is that forgotten?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import HIGH_PASS, TrainerConfig

from ..fixed import Flags, Ints, saturate

__all__ = ["HighPass"]


class HighPass:
    """``C~ = a (C~ + C - C_before)``, its remainder kept for the next step.

    Parameters
    ----------
    config : TrainerConfig
    coefficient : int
        a in ``HIGH_PASS``.
    replicas : int

    Attributes
    ----------
    state : Ints
        (R,), C~ with its remainder below, in ``config.words.high_passed``.
    """

    def __init__(self, config: TrainerConfig, coefficient: int, replicas: int):
        self.low, self.high = config.words.cost_change.min, config.words.cost_change.max
        self.coefficient = coefficient
        self.state = np.zeros(replicas, dtype=np.int64)
        self._before = np.zeros(replicas, dtype=np.int64)

    def __call__(self, cost: Ints, blank: bool) -> tuple[Ints, Flags]:
        """The cost change in ``config.words.cost_change``, and where its sum was limited.

        Parameters
        ----------
        cost : Ints
            (R,), C in ``config.words.cost``.
        blank : bool
            The sample is a new one: C_before is C.
        """
        difference = 0 if blank else cost - self._before
        total, limited = saturate((self.state >> HIGH_PASS.width) + difference, self.low, self.high)
        remainder = self.state & HIGH_PASS.max
        self.state = total * self.coefficient + remainder
        self._before = cost
        return self.state >> HIGH_PASS.width, limited
