"""Sequential codes: one parameter at a time is perturbed, so each measurement is one finite difference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints, cast, namespace
from ..moves import COUNT, Moves, Within
from . import CodeSource

__all__ = ["SequentialCodes", "sequential"]


def sequential(sequence: Ints, step: Ints) -> Bits:
    """The code bits: 1 for the parameter whose turn it is.

    Parameters
    ----------
    sequence : Ints
        (P,), the numbers of the parameters in the order of their turns.
    step : Ints
        Any shape, perturbation numbers.

    Returns
    -------
    Bits
        (*step.shape, P), 0 or 1, one of them 1.
    """
    xp = namespace(step)
    turn = xp.asarray(sequence)[step % len(sequence)]
    own: Bits = cast(turn[..., None] == xp.arange(len(sequence)), np.uint8)
    return own


class SequentialCodes(CodeSource):
    """The codes of all replicas, which are the same: a counter needs no seed."""

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}

    def __init__(self, config: TrainerConfig):
        self.sequence = np.array(config.codes.sequence, dtype=np.int64)
        self.limits = Within(0, len(self.sequence) - 1)
        self.step = 0

    def draw(self, count: int) -> Ints:
        """Where the next ``count`` perturbations are in the order of turns: (count, 1)."""
        step = np.arange(self.step, self.step + count)
        self.step += count
        return step[:, None] % len(self.sequence)

    def words(self, draws: Ints) -> Bits:
        """The code bits: (..., 1, P)."""
        return sequential(self.sequence, draws)
