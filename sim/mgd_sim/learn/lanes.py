"""Lanes of a bank: the same integers as in all cells, in the memories of a few lanes.

A trainer with a bank learns as any other does, so its twin is that of :mod:`mgd_sim.learn.array`: a sweep
takes the update of the step before, whose integers do not depend on when they are added. What is its own is
where T lies.
"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints

__all__ = ["memory_words", "parameters"]


def _places(config: TrainerConfig) -> tuple[Ints, Ints, int]:
    """Lane and address of every parameter, and the words of a lane.

    Layer by layer, group of neurons by group, a word for each input of a group and one for its biases.
    """
    lane, address, first = [], [], 0
    for layer in config.shape.layers:
        neuron, word = np.divmod(np.arange(layer.parameters), layer.inputs + 1)
        group, own = np.divmod(neuron, config.engine.lanes)
        lane.append(own)
        address.append(first + group * (layer.inputs + 1) + word)
        first = int(address[-1].max()) + 1
    return np.concatenate(lane), np.concatenate(address), first


def memory_words(config: TrainerConfig, theta: Ints) -> Ints:
    """What the memories of all lanes hold: (..., lanes, words) of (..., P); 0 where no parameter is."""
    lane, address, words = _places(config)
    found = np.zeros((*theta.shape[:-1], config.engine.lanes, words), theta.dtype)
    found[..., lane, address] = theta
    return found


def parameters(config: TrainerConfig, words: Ints) -> Ints:
    """T of every parameter, (..., P), from what :func:`memory_words` gives."""
    lane, address, _ = _places(config)
    theta: Ints = words[..., lane, address]
    return theta
