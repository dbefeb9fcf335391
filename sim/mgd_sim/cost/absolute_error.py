"""The cost of one sample: the sum of absolute errors over the outputs."""

from __future__ import annotations

from ..fixed import Ints
from . import ErrorLoss, total

__all__ = ["AbsoluteError"]


class AbsoluteError(ErrorLoss):
    """``C = sum_j |y_j - t_j|``."""

    def added(self, error: Ints) -> Ints:
        size: Ints = abs(error)
        return total(size)
