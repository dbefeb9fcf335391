"""The cost of one sample: the sum of squared errors over the outputs."""

from __future__ import annotations

from ..fixed import Ints, namespace
from . import ErrorLoss

__all__ = ["SquaredError"]


class SquaredError(ErrorLoss):
    """``C = sum_j (y_j - t_j)**2``."""

    power = 2

    def added(self, error: Ints) -> Ints:
        if error.shape[-2] == 1:
            one: Ints = (error * error)[..., 0, :]
            return one
        squares: Ints = namespace(error).vecdot(error, error, axis=-2)
        return squares
