"""Answers of the network at rest, counted: how many, and how many of them right."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import COUNT_BITS, TrainerConfig

from ..evaluate import right
from ..fixed import Ints

__all__ = ["Classifier"]


class Classifier:
    """The counters of R replicas; they stop when ``judged_count`` is full.

    Attributes
    ----------
    judged_count, right_count : Ints
        (R,).
    """

    def __init__(self, config: TrainerConfig, replicas: int):
        self.half = config.levels.threshold
        self.target_half = config.levels.target_threshold
        self.full = (1 << COUNT_BITS) - 1
        self.judged_count = np.zeros(replicas, dtype=np.int64)
        self.right_count = np.zeros(replicas, dtype=np.int64)

    def __call__(self, y: Ints, target: Ints) -> None:
        """Judge one answer of every replica: outputs and targets (R, outputs)."""
        # One column for each replica; the outputs stand before the samples there.
        answers = right(y.T[None], target.T, half=self.half, target_half=self.target_half)[0]
        more = self.judged_count < self.full
        self.judged_count = self.judged_count + more
        self.right_count = self.right_count + (more & answers)

    def clear(self) -> None:
        """Count from zero."""
        self.judged_count = np.zeros_like(self.judged_count)
        self.right_count = np.zeros_like(self.right_count)
