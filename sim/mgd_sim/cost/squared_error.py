"""The cost of one sample: the sum of squared errors over the outputs."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, namespace, requantize

__all__ = ["SquaredError"]


class SquaredError:
    """``C = sum_j (y_j - t_j)**2``, exact, then floored to the fraction bits of ``config.words.cost``."""

    def __init__(self, config: TrainerConfig):
        output = config.shape.layers[-1].output
        self.target_shift = output.fraction_bits - config.formats.target.fraction_bits
        self.fraction_bits = 2 * output.fraction_bits
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
        error = y - (target << self.target_shift)
        if y.shape[-2] == 1:
            squares = (error * error)[..., 0, :]
        else:
            squares = namespace(error).vecdot(error, error, axis=-2)
        return requantize(squares, self.fraction_bits, self.wanted)
