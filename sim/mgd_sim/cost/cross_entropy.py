"""The cost of one sample: the softmax cross-entropy of its outputs, by tables."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import CurveTable, TrainerConfig

from ..fixed import Ints, cast, namespace, requantize
from . import hot, total

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
        xp = namespace(d)
        segment, position = d >> self.bits, d & self.mask
        slope = xp.asarray(self.slope)[segment]
        # The circuit drops the bits of a product without sign, so falls are rounded towards zero.
        moved = xp.sign(slope) * ((xp.abs(slope) * position) >> self.bits)
        value: Ints = xp.asarray(self.base)[segment] + moved
        return value


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
        """The cost; shapes as for :class:`mgd_sim.cost.ErrorLoss`."""
        xp = namespace(y)
        if y.shape[-2] == 1:
            size = abs(y)
            wrong = (y < 0) == (target >= self.threshold)
            logarithm = self._curve(size)[..., 0, :]
            behind = xp.where(wrong, size, 0)[..., 0, :]
        else:
            distance = xp.max(y, axis=-2, keepdims=True) - y
            behind = xp.sum(xp.where(hot(target), distance, 0), axis=-2)
            logarithm = self._log(total(self._curve(distance)))
        fraction = max(self.inner, self.output)
        cost = (logarithm << fraction - self.inner) + (behind << fraction - self.output)
        return requantize(cost, fraction, self.wanted)

    def _curve(self, distance: Ints) -> Ints:
        xp = namespace(distance)
        return self.curve(xp.minimum(distance << self.align, self.farthest))

    def _log(self, sizes: Ints) -> Ints:
        """Of a sum from 1 to the number of outputs: its leading one's place, and the bits behind that."""
        xp = namespace(sizes)
        octave = xp.zeros_like(sizes)
        for k in range(1, self.highest + 1):
            octave = octave + cast(sizes >> (self.inner + k) != 0, np.int64)
        fraction = (sizes << (self.highest - octave)) & ((1 << (self.inner + self.highest)) - 1)
        value: Ints = xp.asarray(self.octaves)[octave] + self.logarithm(fraction)
        return value
