"""Walsh codes: square waves that are exactly orthogonal over one period."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints, namespace, parity
from ..moves import COUNT, Moves, Within
from ..network.dense import MANY
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
    """The codes of all replicas, which are the same: a counter needs no seed.

    Where indices follow each other, as those of a layer do, there is a shorter way than to count ones: parity
    splits over the bits of an index, so a code is that of its upper bits, exclusive or that of its lower
    ones, and of both there are few.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}
    #: Lower bits.
    LOW: ClassVar[int] = 8

    def __init__(self, config: TrainerConfig):
        self.index = indices(config)
        upper = np.arange(self.index[0] >> self.LOW, (self.index[-1] >> self.LOW) + 1)
        self.parts = upper << self.LOW, np.arange(1 << self.LOW)
        ends = np.flatnonzero(np.diff(self.index) != 1) + 1
        #: From where to where indices follow each other, counted from the first of the parts; none where it
        #: is not worth it.
        self.runs: list[slice] = []
        if len(self.index) >= MANY * (len(ends) + 1):
            for run in np.split(self.index - self.parts[0][0], ends):
                self.runs.append(slice(int(run[0]), int(run[-1]) + 1))
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
        if not self.runs or type(draws) is not np.ndarray:
            # A compiler counts the ones of many words in one instruction, and puts them where they are used.
            return walsh(self.index, draws)
        upper, lower = (walsh(part, draws) for part in self.parts)
        both = upper[..., :, None] ^ lower[..., None, :]
        both = both.reshape(*upper.shape[:-1], upper.shape[-1] << self.LOW)
        bits: Bits = both[..., self.runs[0]]
        if len(self.runs) > 1:
            bits = np.concatenate([both[..., run] for run in self.runs], axis=-1)
        return bits
