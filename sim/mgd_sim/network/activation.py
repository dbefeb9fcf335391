"""What a neuron makes of its sum: a smooth curve from straight segments, or the sum within limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import ActivationTable, Defect, LayerConfig

from ..fixed import Ints, namespace, requantize

__all__ = ["Activation", "curve", "departure", "per_replica"]


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


def departure(layer: LayerConfig) -> float:
    """How far an output of the layer is from the exact function of its neuron's sum, at most.

    A table's curve is compared with the function, which rises or falls all along, at both ends of what is
    rounded down to each argument, the first and the last of them without end. relu and linear drop what is
    below a last bit; beyond the limits of their format there is no bound, and none is told.
    """
    worst = layer.output.step if not layer.tables else 0.0
    for table in set(layer.tables):
        z = np.arange(table.argument.min, table.argument.max + 2) * table.argument.step
        z[0], z[-1] = -np.inf, np.inf
        inner = table.defect.gain * (z - table.defect.shift)
        value = np.tanh(inner) if table.function == "tanh" else 0.5 + 0.5 * np.tanh(0.5 * inner)
        exact = table.defect.offset + table.defect.height * value
        y = curve(table) * table.output.step
        worst = max(worst, *(float(np.abs(y - end).max()) for end in (exact[:-1], exact[1:])))
    return worst


def per_replica(values: npt.NDArray[Any], axes: int) -> npt.NDArray[Any]:
    """Values (R or 1, neurons), shaped to meet an array (R, ..., neurons, samples) of so many axes."""
    replicas, neurons = values.shape
    return values.reshape(replicas, *(1,) * (axes - 3), neurons, 1)


class Activation:
    """``y = f(z)`` for every neuron of a layer.

    Parameters
    ----------
    layer : LayerConfig
    defects : sequence of sequence of Defect, optional
        One row for each replica, where replicas are different devices; by default all are the layer's.
    """

    def __init__(self, layer: LayerConfig, defects: Sequence[Sequence[Defect]] | None = None):
        self.fraction_bits = layer.sum.fraction_bits
        self.output = layer.output
        self.table = layer.table
        if self.table is None:
            return
        self.first, size = self.table.argument.min, 1 << self.table.argument.width
        self.last = self.table.argument.max
        rows = [layer.defects] if defects is None else defects
        if not layer.defects:
            self.curve, self.at = curve(self.table), None
            return
        # One curve behind the other, and where each begins.
        tables = [replace(layer, defects=tuple(row)).tables for row in rows]
        self.curve = np.concatenate([curve(table) for row in tables for table in row])
        self.at = size * np.arange(len(rows) * layer.neurons).reshape(len(rows), layer.neurons)

    def __call__(self, z: Ints) -> Ints:
        """The outputs.

        Parameters
        ----------
        z : Ints
            Any shape, in ``layer.sum``; with defects (R, ..., neurons, samples).

        Returns
        -------
        Ints
            Same shape, in ``layer.output``.
        """
        xp = namespace(z)
        y: Ints
        if self.table is None:
            kept = requantize(z, self.fraction_bits, self.output.fraction_bits)
            y = xp.maximum(xp.minimum(kept, self.output.max), self.output.min)
            return y
        argument = requantize(z, self.fraction_bits, self.table.argument.fraction_bits)
        entry = xp.maximum(xp.minimum(argument, self.last), self.first) - self.first
        if self.at is not None:
            entry = entry + xp.asarray(per_replica(self.at, z.ndim))
        y = xp.asarray(self.curve)[entry]
        return y
