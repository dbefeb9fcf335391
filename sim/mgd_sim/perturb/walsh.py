"""Walsh codes: square waves that are exactly orthogonal over one period."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints, namespace, parity
from ..moves import COUNT, Moves, Within
from . import CodeSource

__all__ = ["WalshCodes", "indices", "walsh"]


def indices(config: TrainerConfig) -> Ints:
    """The Walsh index of every parameter: (P,), or (N,) node by node."""
    code = config.codes.walsh_code
    return np.array(
        [code.index(place.row, place.column) for place in config.placement.code_places], dtype=np.int64
    )


def walsh(index: Ints, step: Ints) -> Bits:
    """The code bits ``parity(index AND step)``.

    Parameters
    ----------
    index : Ints
        (P,), from :func:`indices`.
    step : Ints
        Any shape, perturbation numbers; only the low ``counter_bits`` bits count.

    Returns
    -------
    Bits
        (*step.shape, P), 0 or 1.
    """
    return parity(step[..., None] & namespace(step).asarray(index))


class WalshCodes(CodeSource):
    """The codes of all replicas, which are the same: a counter needs no seed."""

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}

    def __init__(self, config: TrainerConfig):
        self.index = indices(config)
        self.repeats = config.codes.walsh_code.repeats
        self.limits = Within(0, self.repeats - 1)
        self.step = 0

    def draw(self, count: int) -> Ints:
        """The numbers of the next ``count`` perturbations until they repeat: (count, 1)."""
        step = np.arange(self.step, self.step + count)
        self.step += count
        return step[:, None] % self.repeats

    def words(self, draws: Ints) -> Bits:
        """The code bits: (..., 1, P)."""
        return walsh(self.index, draws)
