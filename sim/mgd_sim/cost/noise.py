"""Measurement noise: what a real cost meter adds to every cost it gives."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints
from ..gaussian import gaussian, gaussian_limits
from ..lfsr import States, states

__all__ = ["CostNoise"]


class CostNoise:
    """A nearly normal number for every measured cost, of deviation ``2**(k + 1)`` last bits.

    Parameters
    ----------
    config : TrainerConfig
    level : int
        k; 0 for none.
    seed : States
        (R,), state of the register for the first cost.
    """

    def __init__(self, config: TrainerConfig, level: int, seed: States):
        self.level = level
        self.noisy_reference = config.imperfections.noisy_reference
        self.state = seed
        self.limits = gaussian_limits(level)

    def take(self, reference: Flags) -> Ints:
        """What is added to the next costs.

        Parameters
        ----------
        reference : Flags
            (count,), whether each of them is C0.

        Returns
        -------
        Ints
            (count, R), in last bits of ``config.words.measured``.
        """
        drawn = states(self.state, len(reference) + 1)
        self.state = drawn[-1]
        number = gaussian(drawn[:-1])
        number = number << (self.level - 1) if self.level else np.zeros_like(number)
        if not self.noisy_reference:
            number[reference] = 0
        return number
