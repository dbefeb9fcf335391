"""The cost of one sample: by how much the right answer misses its margin."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, namespace, requantize
from . import hot

__all__ = ["Hinge"]


class Hinge:
    """``C = max(0, margin + max_(j != c) y_j - y_c)``; of a single output ``max(0, margin -+ y)``.

    Floored to the fraction bits of ``config.words.cost``.
    """

    def __init__(self, config: TrainerConfig):
        output = config.shape.layers[-1].output
        self.threshold = config.levels.target_threshold
        self.least = output.min
        self.margin = config.words.margin
        self.fraction_bits = output.fraction_bits
        self.wanted = config.words.cost.fraction_bits

    def __call__(self, y: Ints, target: Ints) -> Ints:
        """The cost; shapes as for :class:`mgd_sim.cost.ErrorLoss`."""
        xp = namespace(y)
        if y.shape[-2] == 1:
            behind = xp.where(target >= self.threshold, -y, y)[..., 0, :]
        else:
            right = hot(target)
            rivals = xp.where(right, self.least, y)
            behind = xp.max(rivals, axis=-2) - xp.sum(xp.where(right, y, 0), axis=-2)
        return requantize(xp.maximum(behind + self.margin, 0), self.fraction_bits, self.wanted)
