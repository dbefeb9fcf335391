"""Answers of the network at rest, counted: how many, and how many of them right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mgd_hdl.config import COUNT_BITS, TrainerConfig

from ..evaluate import right
from ..fixed import Ints, cast

__all__ = ["Classifier", "Counts"]


class Counts(NamedTuple):
    """Answers so far, and right ones: both (R,)."""

    judged_count: Ints
    right_count: Ints


class Classifier:
    """The counters of R replicas; they stop when ``judged_count`` is full."""

    def __init__(self, config: TrainerConfig):
        self.half = config.levels.threshold
        self.target_half = config.levels.target_threshold
        self.full = (1 << COUNT_BITS) - 1

    def start(self, replicas: int) -> Counts:
        """Nothing counted yet."""
        return Counts(np.zeros(replicas, dtype=np.int64), np.zeros(replicas, dtype=np.int64))

    def __call__(self, counts: Counts, y: Ints, target: Ints) -> Counts:
        """One answer of every replica judged: outputs and targets (R, outputs)."""
        # One column for each replica; the outputs stand before the samples there.
        answers = right(y.T[None, ...], target.T, half=self.half, target_half=self.target_half)[0, :]
        more = counts.judged_count < self.full
        return Counts(
            counts.judged_count + cast(more, np.int64),
            counts.right_count + cast(more & answers, np.int64),
        )
