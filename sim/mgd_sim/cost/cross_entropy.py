"""The cost of one sample: the softmax cross-entropy of its outputs, by tables."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import CurveTable, TrainerConfig

from ..fixed import Ints, requantize
from . import hot

__all__ = ["CrossEntropy", "Curve"]


class Curve:
    """A monotone curve from a table of straight segments: ``base -+ (slope * position >> bits)``."""

    def __init__(self, table: CurveTable):
        self.base, self.slope = np.array(table.base), np.array(table.slope)
        self.bits = table.position_bits
        self.mask = (1 << table.position_bits) - 1
        if not table.rises:
            self.slope = -self.slope

    def __call__(self, d: Ints) -> Ints:
        """The values, in ``table.output``, for any shape of arguments in ``table.argument``."""
        segment, position = d >> self.bits, d & self.mask
        slope = self.slope[segment]
        # The circuit drops the bits of a product without sign, so falls are rounded towards zero.
        moved = np.sign(slope) * ((np.abs(slope) * position) >> self.bits)
        return np.asarray(self.base[segment] + moved)


class CrossEntropy:
    """``C = log(sum_j exp(-d_j)) + d_c`` with d the distances from the largest output, c the right class.

    A single output is a logit: ``C = log(1 + exp(-|y|))``, plus |y| where its sign is wrong. The last sum
    is floored to the fraction bits of ``config.words.cost``.
    """

    def __init__(self, config: TrainerConfig):
        self.threshold = config.levels.target_threshold
        self.wanted = config.words.cost.fraction_bits
        self.inner = config.curves.curve_fraction
        self.output = config.shape.layers[-1].output.fraction_bits
        table = config.curves.distance_table
        self.align = table.argument.fraction_bits - self.output
        self.farthest = table.argument.max
        self.curve = Curve(table)
        if config.curves.logarithm_table is not None:
            self.highest = len(config.curves.octaves) - 1
            self.octaves = np.array(config.curves.octaves)
            self.logarithm = Curve(config.curves.logarithm_table)

    def __call__(self, y: Ints, target: Ints) -> Ints:
        """The cost; shapes as for :class:`mgd_sim.cost.squared_error.SquaredError`."""
        if y.shape[-2] == 1:
            size = np.abs(y)
            wrong = (y < 0) == (target >= self.threshold)
            logarithm = self._curve(size)[..., 0, :]
            behind = np.where(wrong, size, 0)[..., 0, :]
        else:
            distance = y.max(axis=-2, keepdims=True) - y
            behind = np.where(hot(target), distance, 0).sum(axis=-2)
            logarithm = self._log(self._curve(distance).sum(axis=-2))
        fraction = max(self.inner, self.output)
        total = (logarithm << fraction - self.inner) + (behind << fraction - self.output)
        return requantize(total, fraction, self.wanted)

    def _curve(self, distance: Ints) -> Ints:
        return self.curve(np.minimum(distance << self.align, self.farthest))

    def _log(self, total: Ints) -> Ints:
        """Of a sum from 1 to the number of outputs: its leading one's place, and the bits behind that."""
        octave = np.zeros_like(total)
        for k in range(1, self.highest + 1):
            octave += total >> (self.inner + k) != 0
        fraction = (total << (self.highest - octave)) & ((1 << (self.inner + self.highest)) - 1)
        return np.asarray(self.octaves[octave] + self.logarithm(fraction))
