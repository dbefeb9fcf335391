"""Lanes of a bank: the same integers as in all cells, in the memories of a few lanes.

A trainer with a bank learns as any other does, so its twin is that of :mod:`mgd_sim.learn.array`: a sweep
takes the update of the step before, whose integers do not depend on when they are added. What is its own is
where T lies; and that node by node D times an input is one word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast, namespace, reshaped

__all__ = ["input_places", "input_words", "memory_words", "parameters", "product_words"]


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


def input_places(config: TrainerConfig) -> list[Ints]:
    """Node by node: of each layer where its inputs, and the 1 of its biases, are in their memory."""
    sweep = config.timing.sweep
    assert sweep is not None
    size = 1 << sweep.input_bits
    first = range(0, size, size >> (len(sweep.spans) - 1).bit_length())
    return [at + np.arange(span.words) for at, span in zip(first, sweep.spans, strict=False)]


def input_words(config: TrainerConfig, counted: Sequence[Ints]) -> Ints:
    """What that memory holds of the inputs (inputs + 1,) of each layer; 0 where there is none."""
    sweep = config.timing.sweep
    assert sweep is not None
    found = np.zeros(1 << sweep.input_bits, dtype=np.int64)
    for at, x in zip(input_places(config), counted, strict=True):
        found[at] = x
    return found


def product_words(config: TrainerConfig, update: Ints, sign: Ints, counted: Sequence[Ints]) -> Ints:
    """The word that each parameter takes node by node: ``update * sign * input``, limited to
    ``config.words.word``.

    Parameters
    ----------
    update : Ints
        (R,), D in ``config.words.update``.
    sign : Ints
        (R or 1, N), the code of each neuron, +1 or -1.
    counted : sequence of Ints
        From :func:`mgd_sim.learn.node.parts`.

    Returns
    -------
    Ints
        (R, P).
    """
    xp, word = namespace(update), config.words.word
    limits = config.words.product.width > word.width
    sign = cast(sign, update.dtype)
    words, first = [], 0
    for layer, x in zip(config.shape.layers, counted, strict=True):
        own = sign[:, first : first + layer.neurons, None]
        first += layer.neurons
        product = update[:, None] * cast(x, update.dtype)
        if limits:
            plus, minus = (xp.maximum(xp.minimum(each, word.max), word.min) for each in (product, -product))
            taken = xp.where(own > 0, plus[:, None, :], minus[:, None, :])
        else:
            taken = own * product[:, None, :]
        words.append(reshaped(taken, (taken.shape[0], -1)))
    found: Ints = xp.concat(words, axis=1)
    return found
