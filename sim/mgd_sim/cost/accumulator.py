"""The sum of cost changes while one perturbation is held."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints, saturate

__all__ = ["Accumulator"]


class Accumulator:
    """``A = saturate(A + C~)``; the sign of the perturbation is the same for all its terms."""

    def __init__(self, config: TrainerConfig):
        self.low, self.high = config.words.hold.min, config.words.hold.max

    def __call__(self, hold: Ints, cost_change: Ints) -> tuple[Ints, Flags]:
        """The new sum in ``config.words.hold``, and where it saturated.

        Parameters
        ----------
        hold : Ints
            (R,), A in ``config.words.hold``.
        cost_change : Ints
            (R,), C~ in ``config.words.cost_change``.
        """
        return saturate(hold + cost_change, self.low, self.high)
