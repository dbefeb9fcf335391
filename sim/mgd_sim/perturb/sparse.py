"""Sparse codes: random signs of some of the parameters, and nothing for the others."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, cast, namespace
from ..lfsr import States, states
from ..moves import STATE, Moves
from . import CodeSource
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
    parities = random_code(mask, state)
    every: Bits = cast(namespace(parities).all(parities != 0, axis=0), np.uint8)
    return every


class SparseCodes(CodeSource):
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

    def draw(self, count: int) -> States:
        """The states of all registers at the next ``count`` perturbations, that of the signs first:
        (count, share_shift + 1, R).
        """
        block = states(self.state.ravel(), count + 1).reshape(count + 1, *self.state.shape)
        self.state = block[-1]
        return np.concatenate([self.signs.draw(count)[:, None], block[:-1]], axis=1)

    def words(self, draws: States) -> Bits:
        """(..., R, P): bit 0 the sign, bit 1 whether there is any."""
        shaken = active(self.mask, namespace(draws).moveaxis(draws[..., 1:, :], -2, 0))
        words: Bits = self.signs.words(draws[..., 0, :]) + (shaken << 1)
        return words
