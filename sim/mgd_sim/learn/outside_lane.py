"""The bank of a device outside: the same integers as in all cells, one after the other in one memory.

A trainer with such a bank learns as any other does, so its twin is that of :mod:`mgd_sim.learn.array`, and
the loop is that of :mod:`mgd_sim.loop`. What is its own is where T lies: at the place of its code, eight to a
row, each layer from a new row on.
"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints

__all__ = ["addresses", "memory_words", "parameters"]


def addresses(config: TrainerConfig) -> Ints:
    """(P,), that of each parameter."""
    found, first = [], 0
    for layer in config.shape.layers:
        found.append(first + np.arange(layer.parameters))
        first += 8 * -(-layer.parameters // 8)
    return np.concatenate(found)


def memory_words(config: TrainerConfig, theta: Ints) -> Ints:
    """What the memory holds: (..., words) of (..., P); 0 where no parameter is."""
    at = addresses(config)
    found = np.zeros((*theta.shape[:-1], int(at[-1]) + 1), theta.dtype)
    found[..., at] = theta
    return found


def parameters(config: TrainerConfig, words: Ints) -> Ints:
    """T of every parameter, (..., P), from what :func:`memory_words` gives."""
    theta: Ints = words[..., addresses(config)]
    return theta
