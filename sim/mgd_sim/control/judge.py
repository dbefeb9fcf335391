"""The judge: has the task been learned, by what the circuit measures anyway?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints, cast, namespace

__all__ = ["Judge", "Judged"]


class Judged(NamedTuple):
    """What the judge remembers.

    Attributes
    ----------
    seen, missed : Ints
        (R,), references of the window so far, and those at the limit or above.
    solved : Flags
        (R,), sticky.
    solved_at : Ints
        (R,), the step whose C0 brought the verdict, or -1.
    """

    seen: Ints
    missed: Ints
    solved: Flags
    solved_at: Ints


class Judge:
    """Solved once ``window`` references in a row hold no more than ``misses`` costs at the limit or above."""

    def __init__(self, config: TrainerConfig):
        self.limit = config.levels.judge_limit
        self.window, self.misses = config.judge.window, config.judge.misses

    def start(self, replicas: int) -> Judged:
        """Nothing seen yet."""
        none = np.zeros(replicas, dtype=np.int64)
        return Judged(none, none, np.zeros(replicas, dtype=np.bool_), none - 1)

    def __call__(self, judged: Judged, cost: Ints, step: int = 0) -> Judged:
        """One reference of each replica, (R,) in ``config.words.cost``, measured in this step."""
        xp = namespace(cost)
        seen, missed = judged.seen + 1, judged.missed + cast(cost >= self.limit, np.int64)
        failed = missed > self.misses
        full = (seen == self.window) & ~failed
        goes_on = cast(~(failed | full), np.int64)
        solved_at = xp.where(full & ~judged.solved, step, judged.solved_at)
        return Judged(seen * goes_on, missed * goes_on, judged.solved | full, solved_at)
