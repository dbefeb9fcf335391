"""Nearly normal integers from the states of a register, as the circuit makes them."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config.gaussian import BITS, INVERTED, LARGEST, TWICE

from .fixed import Ints
from .lfsr import States

__all__ = ["gaussian"]

_ALL = np.uint32(sum(1 << bit for bit in BITS))
_TWICE = np.uint32(sum(1 << bit for bit in TWICE))
_INVERTED = np.uint32(sum(1 << bit for bit in INVERTED))


def gaussian(state: States) -> Ints:
    """Integers from -20 to 20 of mean 0 and standard deviation 4; same shape as ``state``."""
    bits = state ^ _INVERTED
    count: Ints = np.bitwise_count(bits & _ALL).astype(np.int64) + np.bitwise_count(bits & _TWICE)
    return count - LARGEST
