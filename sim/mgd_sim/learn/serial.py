"""Serial cells: the same integers as in all other cells, kept one bit to a word of memory.

A trainer with serial cells learns as any other does, so its twin is that of :mod:`mgd_sim.learn.array`.
What is its own is where T lies: a tile's memory has one word for each bit of T, and a word holds that bit
of all the tile's parameters.
"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints

__all__ = ["memory_words", "parameters"]


def memory_words(config: TrainerConfig, theta: Ints) -> Ints:
    """What the memories hold.

    Parameters
    ----------
    config : TrainerConfig
    theta : Ints
        (..., P), T of every parameter, in ``config.words.parameter``.

    Returns
    -------
    Ints
        (..., tiles * W), tile by tile, the word of the lowest bits first. The first cell of a tile has the
        low bit; a word of 64 cells fills the integer, sign and all.
    """
    bit = np.arange(config.words.parameter.width)
    words = []
    for tile in config.placement.tiles:
        mine = theta[..., tile.first : tile.first + tile.cells]
        bits = mine[..., None, :] >> bit[:, None] & 1
        words.append((bits << np.arange(tile.cells)).sum(axis=-1))
    return np.concatenate(words, axis=-1)


def parameters(config: TrainerConfig, words: Ints) -> Ints:
    """T of every parameter, (..., P), from what :func:`memory_words` gives."""
    width = config.words.parameter.width
    weights = np.int64(1) << np.arange(width)
    weights[-1] *= -1  # the sign
    columns = []
    for tile in config.placement.tiles:
        mine = words[..., tile.index * width : (tile.index + 1) * width]
        bits = mine[..., None] >> np.arange(tile.cells) & 1
        columns.append((bits * weights[:, None]).sum(axis=-2))
    return np.concatenate(columns, axis=-1)
