"""Random codes: every parameter's bit is the parity of its own choice of bits of one shared register."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, namespace, parity
from ..lfsr import States, states
from ..moves import STATE, Moves
from . import CodeSource

__all__ = ["RandomCodes", "masks", "random_code"]

#: Words of 32 bits made at once, so few that they stay in the cache until they are bits.
_CACHED = 1 << 16


def masks(config: TrainerConfig) -> States:
    """The register bits in every parameter's code, as one 31-bit mask each: (P,), or (N,) node by node."""
    code = config.codes.random_code
    taps = (code.taps(place.row, place.column, place.diagonal) for place in config.placement.code_places)
    return np.array([sum(1 << bit for bit in each) for each in taps], dtype=np.uint32)


def random_code(mask: States, state: States) -> Bits:
    """The code bits at some states of the register.

    Parameters
    ----------
    mask : States
        (P,), from :func:`masks`.
    state : States
        Any shape, 31-bit states.

    Returns
    -------
    Bits
        (*state.shape, P), 0 or 1.
    """
    if type(state) is not np.ndarray:
        return parity(state[..., None] & namespace(state).asarray(mask))
    rows = state.reshape(-1)
    found = np.empty((len(rows), len(mask)), dtype=np.uint8)
    at_once = max(1, _CACHED // len(mask))
    for first in range(0, len(rows), at_once):
        part = slice(first, first + at_once)
        found[part] = parity(rows[part, None] & mask)
    return found.reshape(*state.shape, len(mask))


class RandomCodes(CodeSource):
    """The codes of R replicas, each from its own seed.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,), states of perturbation 0.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"state": STATE}

    def __init__(self, config: TrainerConfig, seed: States):
        self.mask = masks(config)
        self.state = seed

    def draw(self, count: int) -> States:
        """The register's states at the next ``count`` perturbations: (count, R)."""
        block = states(self.state, count + 1)
        self.state = block[-1]
        return block[:-1]

    def words(self, draws: States) -> Bits:
        """The code bits: (..., R, P)."""
        return random_code(self.mask, draws)
