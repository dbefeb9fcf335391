"""A dense layer before its activation: exact sums of weighted inputs."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import LayerConfig

from ..fixed import Ints

__all__ = ["Dense"]


class Dense:
    """``z_j = sum_i w_ji x_i + b_j`` in ``layer.sum``, which is wide enough for every case."""

    def __init__(self, layer: LayerConfig):
        self.neurons, self.terms = layer.neurons, layer.inputs + 1
        self.bias_shift = layer.input.fraction_bits

    def __call__(self, weight: Ints, x: Ints) -> Ints:
        """The pre-activations.

        Parameters
        ----------
        weight : Ints
            (..., parameters) of this layer in ``layer.weight``, neuron by neuron, each bias last.
        x : Ints
            (..., inputs, samples) in ``layer.input``; leading axes broadcast.

        Returns
        -------
        Ints
            (..., neurons, samples) in ``layer.sum``.
        """
        matrix = weight.reshape(*weight.shape[:-1], self.neurons, self.terms)
        bias = matrix[..., -1:] << self.bias_shift
        z: Ints = np.matmul(matrix[..., :-1], x)
        z += bias
        return z
