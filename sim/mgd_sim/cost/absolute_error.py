"""The cost of one sample: the sum of absolute errors over the outputs."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, requantize
from . import total

__all__ = ["AbsoluteError"]


class AbsoluteError:
    """``C = sum_j |y_j - t_j|``, exact, then floored to the fraction bits of ``config.words.cost``."""

    def __init__(self, config: TrainerConfig):
        output = config.shape.layers[-1].output
        self.target_shift = output.fraction_bits - config.formats.target.fraction_bits
        self.fraction_bits = output.fraction_bits
        self.wanted = config.words.cost.fraction_bits

    def __call__(self, y: Ints, target: Ints) -> Ints:
        """The cost.

        Parameters
        ----------
        y : Ints
            (..., outputs, samples), in the output format of the last layer.
        target : Ints
            Broadcast against ``y``, in ``config.formats.target``.

        Returns
        -------
        Ints
            (..., samples), in ``config.words.cost``.
        """
        error: Ints = abs(y - (target << self.target_shift))
        return requantize(total(error), self.fraction_bits, self.wanted)
