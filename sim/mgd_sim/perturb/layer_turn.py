"""Layer by layer: whose parameters are perturbed and updated now?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints

__all__ = ["layer_turns"]


def layer_turns(config: TrainerConfig, tau_layer: int, first: int, count: int) -> Ints:
    """For perturbations ``first`` to ``first + count - 1`` the parameters whose turn it is.

    Returns
    -------
    Ints
        (count, P), 1 for those of the layer whose turn it is, 0 for all others.
    """
    owner = np.repeat(
        [layer.index for layer in config.shape.layers], [layer.parameters for layer in config.shape.layers]
    )
    turn = np.arange(first, first + count) // tau_layer % len(config.shape.layers)
    return np.asarray(turn[:, None] == owner, dtype=np.int64)
