"""External codes: words that come through the circuit's port, in rounds that repeat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import Refused

from ..fixed import Bits, Ints, namespace, reshaped
from ..moves import COUNT, Moves, Within
from . import CodeSource

__all__ = ["ExternalCodes", "port_codes", "words"]

#: Perturbations in the codes that stand in for a user's.
_ROUND = 256


def words(config: TrainerConfig, perturbations: Ints) -> Bits:
    """The code words of perturbations.

    Parameters
    ----------
    config : TrainerConfig
        Its perturbations are external.
    perturbations : Ints
        (count, P), odd numbers between -2**k and 2**k with k = ``config.code_bits``, in last bits of
        ``config.words.weight``.

    Returns
    -------
    Bits
        Same shape: u with s = 2 u + 1 - 2**k.
    """
    given, k = np.asarray(perturbations), config.code_bits
    if config.perturbation.family != "external":
        raise Refused([f'perturbations need family = "external", not "{config.perturbation.family}"'])
    if given.ndim != 2 or given.shape[1] != config.parameters or not len(given):
        raise Refused([f"perturbations have shape {given.shape}; it must be (count, {config.parameters})"])
    if given.dtype.kind != "i":
        raise Refused([f"perturbations hold {given.dtype}; they must hold signed integers"])
    if (given % 2 == 0).any() or (abs(given) >= 1 << k).any():
        raise Refused([f"perturbations must be odd numbers, -{(1 << k) - 1} to {(1 << k) - 1}"])
    return ((given + (1 << k) - 1) >> 1).astype(np.uint8)


def port_codes(config: TrainerConfig) -> Ints | None:
    """What comes through the code port, where there is one and no user: independent random numbers."""
    if config.perturbation.family != "external":
        return None
    rng = np.random.default_rng(config.seed)
    largest = (1 << config.code_bits) - 1
    drawn: Ints = 2 * rng.integers(0, largest + 1, (_ROUND, config.parameters)) - largest
    return drawn


class ExternalCodes(CodeSource):
    """The codes of all replicas, which are the same.

    Parameters
    ----------
    config : TrainerConfig
    perturbations : Ints
        (count, P), see :func:`words`; after the last one comes the first again.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}

    def __init__(self, config: TrainerConfig, perturbations: Ints):
        self.round = words(config, perturbations)
        self.limits, self.tables = Within(0, len(self.round) - 1), (self.round,)
        self.step = 0

    def draw(self, count: int) -> Ints:
        """Where the next ``count`` perturbations are in their round: (count, 1)."""
        step = np.arange(self.step, self.step + count) % len(self.round)
        self.step += count
        return step[:, None]

    def words(self, draws: Ints) -> Bits:
        """The code words: (..., 1, P)."""
        xp = namespace(draws)
        rows = xp.take(xp.asarray(self.round), reshaped(draws, (-1,)), axis=0)
        found: Bits = reshaped(rows, (*draws.shape, self.round.shape[1]))
        return found
