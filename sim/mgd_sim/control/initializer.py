"""Where learning starts: random parameters, drawn one after the other, or given ones."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, wrap
from ..lfsr import States, states

__all__ = ["initial_parameters"]


def initial_parameters(config: TrainerConfig, seed: States) -> Ints:
    """The initial T of every parameter: given, or uniform within its layer's range.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,), state of the register "initial" for parameter 0; one step for each next parameter. Given
        parameters are the same for all.

    Returns
    -------
    Ints
        (R, P) in ``config.words.parameter``.
    """
    if config.given:
        return np.tile(np.array(config.given.theta, dtype=np.int64), (len(seed), 1))
    drawn = states(seed, config.parameters).T.astype(np.int64)
    word, _ = wrap(drawn, config.words.parameter)
    shifts = [
        config.levels.initial_shift(layer.index)
        for layer in config.shape.layers
        for _ in range(layer.parameters)
    ]
    return np.asarray(word >> np.array(shifts))
