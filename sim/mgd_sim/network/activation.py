"""What a neuron makes of its sum: a smooth curve from a table of straight segments, or relu."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import ActivationTable, LayerConfig

from ..fixed import Ints, requantize

__all__ = ["Activation", "curve"]


def curve(table: ActivationTable) -> Ints:
    """The output for every argument there is, in order.

    The argument has few bits, so what the circuit interpolates at each step is computed here once
    for all of them: ``base[segment] + ((slope[segment] * position) >> position_bits)``.

    Returns
    -------
    Ints
        (2**argument.width,) in ``table.output``; entry u belongs to the argument u + argument.min.
    """
    u = np.arange(1 << table.argument.width)
    segment, position = u >> table.position_bits, u & ((1 << table.position_bits) - 1)
    base, slope = np.array(table.base), np.array(table.slope)
    return np.asarray(base[segment] + ((slope[segment] * position) >> table.position_bits), dtype=np.int64)


class Activation:
    """``y = f(z)`` for every neuron of a layer."""

    def __init__(self, layer: LayerConfig):
        self.fraction_bits = layer.sum.fraction_bits
        self.output = layer.output
        self.table = layer.table
        if self.table is not None:
            self.curve = curve(self.table)
            self.first = self.table.argument.min

    def __call__(self, z: Ints) -> Ints:
        """The outputs.

        Parameters
        ----------
        z : Ints
            Any shape, in ``layer.sum``.

        Returns
        -------
        Ints
            Same shape, in ``layer.output``.
        """
        if self.table is None:
            y = requantize(z, self.fraction_bits, self.output.fraction_bits)
            return np.maximum(np.minimum(y, self.output.max), 0)
        argument = requantize(z, self.fraction_bits, self.table.argument.fraction_bits)
        # "clip" saturates the argument to both ends of the table.
        return np.take(self.curve, argument - self.first, mode="clip")
