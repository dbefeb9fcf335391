"""Nearly normal integers from the states of a register, as the circuit makes them."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config.gaussian import BITS, INVERTED, LARGEST, TWICE

from .fixed import Ints
from .lfsr import States
from .moves import Within

__all__ = ["gaussian", "gaussian_limits"]

_ALL = np.uint32(sum(1 << bit for bit in BITS))
_TWICE = np.uint32(sum(1 << bit for bit in TWICE))
_INVERTED = np.uint32(sum(1 << bit for bit in INVERTED))


def gaussian(state: States) -> Ints:
    """Integers from -20 to 20 of mean 0 and standard deviation 4; same shape as ``state``."""
    bits = state ^ _INVERTED
    count: Ints = np.bitwise_count(bits & _ALL).astype(np.int64) + np.bitwise_count(bits & _TWICE)
    return count - LARGEST


def gaussian_limits(level: int) -> Within:
    """Between which noise of a level stays: ``2**(level - 1)`` times such a number, with level 0 none."""
    largest = LARGEST << (level - 1) if level else 0
    return Within(-largest, largest)
