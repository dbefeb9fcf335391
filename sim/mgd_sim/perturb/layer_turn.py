"""Layer by layer: whose parameters are perturbed and updated now?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast, namespace

__all__ = ["LayerTurns"]


class LayerTurns:
    """Each layer in its turn, for ``tau_layer`` perturbations."""

    def __init__(self, config: TrainerConfig, tau_layer: int):
        layers = config.shape.layers
        self.tau_layer, self.layers = tau_layer, len(layers)
        self.owner = np.repeat([layer.index for layer in layers], [layer.parameters for layer in layers])

    def __call__(self, number: Ints) -> Ints:
        """For perturbations with these numbers the parameters whose turn it is.

        Parameters
        ----------
        number : Ints
            (...,), from 0 on.

        Returns
        -------
        Ints
            (..., P), 1 for those of the layer whose turn it is, 0 for all others.
        """
        turn = number // self.tau_layer % self.layers
        turns: Ints = cast(turn[..., None] == namespace(number).asarray(self.owner), np.int64)
        return turns
