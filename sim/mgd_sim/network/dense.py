"""A dense layer before its activation: exact sums of weighted inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import LayerConfig

from ..fixed import Ints, cast, namespace, reshaped

__all__ = ["MANY", "Dense", "floats_for"]

#: Parameters of a layer from which on a product of matrices in floating point is the faster one.
MANY = 64
#: Products of a matrix product that one thread computes.
_ALONE = 1 << 17
#: Floating point, and the bits of whole numbers that are exact in it: the short one is twice as fast.
_EXACT: tuple[tuple[type[np.floating[Any]], int], ...] = ((np.float32, 24), (np.float64, 53))


def floats_for(layer: LayerConfig) -> type[np.floating[Any]] | None:
    """In which floating point the sums may be taken: no sum of a part of the terms comes to 2**24, or to
    2**53, as the limits of weights and inputs say. None where that is not faster, or not so.

    So none is ever rounded, in whatever order they are added.
    """
    weight = max(-layer.weight.min, layer.weight.max)
    given = max(-layer.input.min, layer.input.max)
    largest = weight * (layer.inputs * given + (1 << layer.input.fraction_bits))
    if layer.parameters < MANY:
        return None
    return next((kind for kind, bits in _EXACT if largest < 1 << bits), None)


class Dense:
    """``z_j = sum_i w_ji x_i + b_j`` in ``layer.sum``, which is wide enough for every case.

    Parameters
    ----------
    layer : LayerConfig
    floats : bool
        Whether it may multiply in floating point where that is exact and faster.

    Attributes
    ----------
    floats : type of numpy.floating, or None
        Multiplies in it, the bias with a 1 that stands behind the inputs. Exact all the same.
    """

    def __init__(self, layer: LayerConfig, floats: bool = True):
        self.neurons, self.inputs = layer.neurons, layer.inputs
        self.one = 1 << layer.input.fraction_bits
        self.bias_shift = layer.input.fraction_bits
        self.floats = floats_for(layer) if floats else None

    def ready(self, x: Ints) -> npt.NDArray[Any]:
        """Inputs (..., inputs, samples) as they are multiplied; those that are ready stay as they are."""
        xp = namespace(x)
        if self.floats is None:
            whole: Ints = cast(x, np.int64)
            return whole
        floats: npt.NDArray[Any] = cast(x, self.floats)
        if x.shape[-2] == self.inputs:
            floats = xp.concat([floats, xp.full_like(floats[..., :1, :], float(self.one))], axis=-2)
        return floats

    def __call__(self, weight: Ints, x: npt.NDArray[Any]) -> Ints:
        """The pre-activations.

        Parameters
        ----------
        weight : Ints
            (..., parameters) of this layer in ``layer.weight``, neuron by neuron, each bias last.
        x : Ints
            (..., inputs, samples) in ``layer.input``, or what :meth:`ready` makes of it; leading axes
            broadcast.

        Returns
        -------
        Ints
            (..., neurons, samples) in ``layer.sum``.
        """
        xp = namespace(weight)
        matrix = reshaped(weight, (*weight.shape[:-1], self.neurons, self.inputs + 1))
        z: Ints
        if self.floats is not None:
            return self._product(cast(matrix, self.floats), self.ready(x))
        matrix = cast(matrix, np.int64)
        z = xp.matmul(matrix[..., :-1], x)
        z += matrix[..., -1:] << self.bias_shift
        return z

    def _product(self, matrix: npt.NDArray[Any], x: npt.NDArray[Any]) -> Ints:
        """The sums in floating point, of so many samples at a time that none goes to several threads.

        Threads wait for each other where processes want all cores, and studies and tests do.
        """
        xp, count = namespace(matrix), x.shape[-1]
        most = max(64, _ALONE // (self.neurons * (self.inputs + 1)))
        z: Ints
        if count <= most:
            z = cast(xp.matmul(matrix, x), np.int64)
            return z
        parts = [x[..., first : min(first + most, count)] for first in range(0, count, most)]
        z = xp.concat([cast(xp.matmul(matrix, part), np.int64) for part in parts], axis=-1)
        return z
