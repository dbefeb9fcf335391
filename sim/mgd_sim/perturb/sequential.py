"""Sequential codes: one parameter at a time is perturbed, so each measurement is one finite difference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints
from ..moves import COUNT, Moves

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
    turn = sequence[step % len(sequence)]
    own: Bits = (turn[..., None] == np.arange(len(sequence))).astype(np.uint8)
    return own


class SequentialCodes:
    """The codes of all replicas, which are the same: a counter needs no seed."""

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}

    def __init__(self, config: TrainerConfig):
        self.sequence = np.array(config.codes.sequence, dtype=np.int64)
        self.step = 0

    def take(self, count: int) -> Bits:
        """The code bits of the next ``count`` perturbations: (count, 1, P)."""
        step = np.arange(self.step, self.step + count)
        self.step += count
        return sequential(self.sequence, step[:, None])
