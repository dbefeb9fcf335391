"""The cost change: by how much does the perturbed cost differ from the baseline?"""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints, saturate

__all__ = ["Baseline"]


class Baseline:
    """``C~ = saturate(C - C0)``; two-sided, C0 is the cost on the minus side."""

    def __init__(self, config: TrainerConfig):
        self.low, self.high = config.words.cost_change.min, config.words.cost_change.max

    def __call__(self, cost: Ints, baseline: Ints) -> tuple[Ints, Flags]:
        """The cost change in ``config.words.cost_change``, and where it saturated.

        Parameters
        ----------
        cost, baseline : Ints
            (R,), C and C0 in ``config.words.cost``.
        """
        return saturate(cost - baseline, self.low, self.high)
