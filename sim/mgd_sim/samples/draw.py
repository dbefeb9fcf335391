"""Drawing samples with a random register: each state is a candidate, and unusable ones are turned away."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..fixed import Ints
from ..lfsr import States, states
from ..moves import STATE, Moves

__all__ = ["Draw"]


class Draw:
    """Independent draws, so the same sample may come twice in a row.

    Parameters
    ----------
    table : Ints
        (2**n,), for every value of the low n bits of a state the sample it stands for, or -1.
    seed : States
        (R,), states of the register for the first candidate.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"state": STATE}

    def __init__(self, table: Ints, seed: States):
        self.table = table.astype(np.int32)  # narrow: each candidate is looked up at another place
        self.state = seed
        self._candidates_per_sample = len(table) / np.count_nonzero(table >= 0)

    def take(self, count: int) -> Ints:
        """The indices of the next ``count`` samples: (count, R)."""
        if count == 0:
            return np.empty((0, len(self.state)), dtype=np.int64)
        tried = int(1.1 * self._candidates_per_sample * count) + 64
        while True:
            block = states(self.state, tried + 1)
            index = self.table.take(block[:-1] & np.uint32(len(self.table) - 1))
            accepted = index >= 0
            number = np.cumsum(accepted, axis=0, dtype=np.int32)
            if number[-1].min() >= count:
                break
            tried *= 2
        # Candidates behind the last one needed stay in the register for the next call.
        last = np.argmax(number == count, axis=0)
        self.state = block[last + 1, np.arange(len(self.state))]
        used = accepted & (number <= count)
        return np.ascontiguousarray(index.T[used.T].reshape(-1, count).T, dtype=np.int64)
