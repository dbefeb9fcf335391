"""The network under training: dense layers and activations, one after the other."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints
from .activation import Activation
from .dense import Dense

__all__ = ["Mlp"]


class Mlp:
    """All layers of ``config.layers``."""

    def __init__(self, config: TrainerConfig):
        self.layers = [
            (slice(layer.first, layer.first + layer.parameters), Dense(layer), Activation(layer))
            for layer in config.layers
        ]

    def __call__(self, weight: Ints, x: Ints) -> Ints:
        """The outputs of the last layer.

        Parameters
        ----------
        weight : Ints
            (..., P) in ``config.weight``.
        x : Ints
            (..., inputs, samples) in ``config.formats.input``; leading axes broadcast.

        Returns
        -------
        Ints
            (..., outputs, samples) in the last layer's output format.
        """
        for part, dense, activation in self.layers:
            x = activation(dense(weight[..., part], x))
        return x
