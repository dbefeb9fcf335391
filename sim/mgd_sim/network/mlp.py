"""The network under training: dense layers and activations, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast
from .activation import Activation
from .dense import Dense

__all__ = ["Mlp"]


class Mlp:
    """All layers of ``config.shape.layers``.

    Parameters
    ----------
    config : TrainerConfig
    devices : sequence of int, optional
        One number for each replica, where replicas are different devices.
    floats : bool
        See :class:`mgd_sim.network.dense.Dense`.
    """

    def __init__(self, config: TrainerConfig, devices: Sequence[int] | None = None, floats: bool = True):
        defects = None if devices is None else [config.shape.defects(device) for device in devices]
        self.layers = [
            (
                slice(layer.first, layer.first + layer.parameters),
                Dense(layer, floats),
                Activation(layer, None if defects is None else [each[layer.index] for each in defects]),
            )
            for layer in config.shape.layers
        ]

    def ready(self, x: Ints) -> npt.NDArray[Any]:
        """Inputs of the network, as its first layer multiplies them."""
        return self.layers[0][1].ready(x)

    def __call__(self, weight: Ints, x: npt.NDArray[Any]) -> Ints:
        """The outputs of the last layer.

        Parameters
        ----------
        weight : Ints
            (..., P) in ``config.words.weight``.
        x : Ints
            (..., inputs, samples) in ``config.formats.input``, ready or not; leading axes broadcast.

        Returns
        -------
        Ints
            (..., outputs, samples) in the last layer's output format.
        """
        return self.activities(weight, x)[-1]

    def activities(self, weight: Ints, x: npt.NDArray[Any], shaken: Ints | None = None) -> list[Ints]:
        """The inputs, then the outputs of every layer; arguments as for a call.

        ``shaken``, (..., N), is added to the sums of all neurons as it would be to their biases.
        """
        found: list[Ints] = [x]
        first = 0
        for part, dense, activation in self.layers:
            z = dense(weight[..., part], found[-1])
            if shaken is not None:
                own = shaken[..., first : first + dense.neurons, None]
                first += dense.neurons
                z = z + (cast(own, z.dtype) << dense.bias_shift)
            found.append(activation(z))
        return found
