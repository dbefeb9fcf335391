"""Sparse codes: random signs of some of the parameters, and nothing for the others."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits
from ..lfsr import States, states
from ..moves import STATE, Moves
from .random_code import RandomCodes, random_code

__all__ = ["SparseCodes", "active", "activity_masks"]


def activity_masks(config: TrainerConfig) -> States:
    """The register bits in every parameter's activity, as one 31-bit mask each: (P,)."""
    code = config.codes.sparse_code
    taps = (code.taps(place.row, place.column) for place in config.placement.places)
    return np.array([sum(1 << bit for bit in each) for each in taps], dtype=np.uint32)


def active(mask: States, state: States) -> Bits:
    """1 where a parameter is shaken.

    Parameters
    ----------
    mask : States
        (P,), from :func:`activity_masks`.
    state : States
        (share_shift, ...), one state of each register.

    Returns
    -------
    Bits
        (..., P): the product of their parities.
    """
    every: Bits = np.asarray(random_code(mask, state).all(axis=0), dtype=np.uint8)
    return every


class SparseCodes:
    """The codes of R replicas, each from its own seeds.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,), of the signs.
    activity : States
        (R,), of what is active: the register as it is, whose bits are turned before any is taken as one.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"state": STATE, "signs.state": STATE}

    def __init__(self, config: TrainerConfig, seed: States, activity: States):
        code = config.codes.sparse_code
        self.signs = RandomCodes(config, seed)
        self.mask = activity_masks(config)
        starts = [[code.starts(int(each), pair) for each in activity] for pair in range(code.share_shift)]
        self.state: States = np.array(starts, dtype=np.uint32)

    def take(self, count: int) -> Bits:
        """The next ``count`` perturbations, (count, R, P): bit 0 the sign, bit 1 whether there is any."""
        block = states(self.state.ravel(), count + 1).reshape(count + 1, *self.state.shape)
        self.state = block[-1]
        shaken = active(self.mask, block[:-1].swapaxes(0, 1))
        words: Bits = self.signs.take(count) + np.uint8(2) * shaken
        return words
