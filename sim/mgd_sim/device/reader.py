"""Readings on their way back: what number are they, and are they to be believed?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig

from ..converters import signed
from ..fixed import Ints, saturate

__all__ = ["Reader"]


class Reader:
    """The mean of a measurement's readings, in integers, or what is wrong with them.

    Parameters
    ----------
    config : TrainerConfig
    average_shift : int
        The k of 2**k readings.
    low, high, spread, stuck : int, optional
        Registers of the checks, as the circuit has them; None: no such check.
    """

    def __init__(
        self,
        config: TrainerConfig,
        average_shift: int,
        *,
        low: int | None = None,
        high: int | None = None,
        spread: int | None = None,
        stuck: int | None = None,
    ):
        self.back, self.format = config.converters.back, config.converters.reading
        self.average_shift, self.spread, self.stuck = average_shift, spread, stuck
        self.low, self.high = low, high
        self.seen: npt.NDArray[np.int64] | None = None
        self.same = 0

    def terms(self, reading: Ints) -> tuple[Ints, int]:
        """What a reading (channels,) adds up to the mean, and how many bits of it are below a last bit."""
        if self.back is None:
            return reading, 0
        code = signed(self.back, reading) - np.array(self.back.offsets)
        return code * np.array(self.back.gains) << max(0, -self.back.shift), max(0, self.back.shift)

    def __call__(self, readings: Ints, again: bool = False) -> tuple[Ints | None, str]:
        """The mean (channels,) and "", or None and the kind of fault.

        Parameters
        ----------
        readings : Ints
            (2**k, channels), numbers in ``config.converters.reading`` or raw codes.
        again : bool
            Of a repeat.
        """
        terms, below = zip(*(self.terms(each) for each in readings), strict=True)
        unit = 1 << below[0]
        every = np.array(terms, dtype=np.int64)
        if any(self._is_illegal(term, unit) for term in terms):
            if not again:
                self.seen = None
            return None, "out_of_range"
        total: npt.NDArray[np.int64] = every.sum(axis=0)
        kind = ""
        if self.stuck is not None and self._is_stuck(total, again):
            kind = "stuck"
        if self.spread is not None and (np.ptp(every, axis=0) > self.spread * unit).any():
            kind = "glitch"
        if kind:
            return None, kind
        return saturate(total >> self.average_shift + below[0], self.format.min, self.format.max)[0], ""

    def _is_illegal(self, term: Ints, unit: int) -> bool:
        below = self.low is not None and (term < (self.low + self.format.min) * unit).any()
        above = self.high is not None and (term > (self.high + self.format.min) * unit).any()
        return bool(below or above)

    def _is_stuck(self, total: npt.NDArray[np.int64], again: bool) -> bool:
        assert self.stuck is not None
        same = self.seen is not None and bool((total == self.seen).all())
        if not again:
            self.same = min(self.same + 1, self.stuck) if same else 0
            self.seen = total
        return same and self.same >= self.stuck
