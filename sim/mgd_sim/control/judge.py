"""The judge: has the task been learned, by what the circuit measures anyway?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints

__all__ = ["Judge"]


class Judge:
    """Solved once ``window`` references in a row hold no more than ``misses`` costs at the limit or above.

    Parameters
    ----------
    config : TrainerConfig
    replicas : int

    Attributes
    ----------
    solved : Flags
        (R,), sticky.
    """

    def __init__(self, config: TrainerConfig, replicas: int):
        self.limit = config.levels.judge_limit
        self.window, self.misses = config.judge.window, config.judge.misses
        self.seen = np.zeros(replicas, dtype=np.int64)
        self.missed = np.zeros(replicas, dtype=np.int64)
        self.solved: Flags = np.zeros(replicas, dtype=np.bool_)

    def __call__(self, cost: Ints) -> None:
        """One reference of each replica, (R,) in ``config.words.cost``."""
        self.seen += 1
        self.missed += cost >= self.limit
        failed = self.missed > self.misses
        full = (self.seen == self.window) & ~failed
        self.solved |= full
        anew = failed | full
        self.seen[anew] = 0
        self.missed[anew] = 0
