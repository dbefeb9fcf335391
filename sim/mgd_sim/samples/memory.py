"""In which order does the sample memory show its samples? At random, once per epoch, or as stored."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import LFSR

from ..fixed import Ints
from ..lfsr import States, states
from ..moves import STATE, Moves, Within

__all__ = ["Epochs", "Plain", "epoch_order", "random_table"]


def random_table(count: int, index_bits: int) -> Ints:
    """For :class:`~mgd_sim.samples.draw.Draw`: the low ``index_bits`` bits are the index, if it exists."""
    index = np.arange(1 << index_bits)
    return np.where(index < count, index, -1)


def epoch_order(count: int, index_bits: int, state: States) -> Ints:
    """Every sample once, in an order that one state of the register decides.

    A counter, shifted by a key, its bits reversed, some of them flipped by a second key: each of
    these maps the numbers below ``2**index_bits`` one to one; those that are no sample are skipped.

    Parameters
    ----------
    count, index_bits : int
        Samples, and the bits of an index.
    state : States
        (E, R), the register's state for each epoch.

    Returns
    -------
    Ints
        (E, count, R).
    """
    mask = (1 << index_bits) - 1
    keys = state.astype(np.int64)[:, None]
    counter = (np.arange(mask + 1)[:, None] + (keys & mask)) & mask
    index = np.zeros_like(counter)
    for bit in range(index_bits):
        index |= ((counter >> bit) & 1) << (index_bits - 1 - bit)
    index ^= (keys >> index_bits) & mask
    in_turn = np.moveaxis(index, 1, 2)
    orders = in_turn[in_turn < count].reshape(*in_turn.shape[:2], count)
    return np.moveaxis(orders, 2, 1)


class Epochs:
    """Every sample once, then a new order.

    Parameters
    ----------
    count, index_bits : int
        Samples, and the bits of an index; at most half of the register's bits.
    seed : States
        (R,), state of the register in the first epoch; one step for each next epoch.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"state": STATE, "position": lambda self: Within(0, self.count - 1)}

    def __init__(self, count: int, index_bits: int, seed: States):
        if 2 * index_bits > LFSR.degree:
            raise ValueError(f"index_bits must be at most {LFSR.degree // 2}, not {index_bits}")
        self.count, self.index_bits = count, index_bits
        self.state = seed
        self.position = 0

    def take(self, count: int) -> Ints:
        """The indices of the next ``count`` samples: (count, R)."""
        epochs, left = divmod(self.position + count, self.count)
        block = states(self.state, epochs + 1)
        order = epoch_order(self.count, self.index_bits, block).reshape(-1, len(self.state))
        taken = order[self.position : self.position + count]
        self.state, self.position = block[-1], left
        return taken


class Plain:
    """The stored order again and again, the same for all R replicas."""

    #: What moves.
    MOVES: ClassVar[Moves] = {"position": lambda self: Within(0, self.count - 1)}

    def __init__(self, count: int, replicas: int):
        self.count, self.replicas = count, replicas
        self.position = 0

    def take(self, count: int) -> Ints:
        """The indices of the next ``count`` samples: (count, R)."""
        index = np.arange(self.position, self.position + count) % self.count
        self.position = (self.position + count) % self.count
        return np.repeat(index[:, None], self.replicas, axis=1)
