"""Parameters on their way out: which of them does the device not have yet?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..converters import Out
from ..fixed import Ints

__all__ = ["Sender"]


class Sender:
    """What a device is sent for each measurement, as integers on the wires.

    Parameters
    ----------
    config : TrainerConfig
    """

    def __init__(self, config: TrainerConfig):
        self.config, self.out = config, Out(config)
        self.below = config.converters.shake_bits
        self.last: Ints | None = None

    def values(self, weight: Ints) -> Ints:
        """What stands for parameters (P,) in ``config.words.weight``: words, or raw codes; with
        ``device.sends = "apart"`` those of parameters at rest, of words the visible bits.
        """
        if self.out.converter is None:
            return weight >> self.below if self.out.apart else weight
        return np.asarray(self.out(weight)[0][0], dtype=np.int64)

    def codes(self, weight: Ints) -> Ints:
        """How parameters are to be shaken, (P,): their bits below the visible ones."""
        return weight & ((1 << self.below) - 1)

    def send(self, weight: Ints, every: bool) -> list[tuple[int, int]]:
        """Number and value of each parameter that is sent, in their order.

        Parameters
        ----------
        weight : Ints
            (P,) in ``config.words.weight``.
        every : bool
            All, changed or not.
        """
        values = self.values(weight)
        compares = self.config.device.sends in ("changes", "apart")
        sent = np.ones(len(values), dtype=np.bool_)
        if compares and not every and self.last is not None:
            sent = values != self.last
        self.last = values.copy()
        return [(index, int(values[index])) for index in np.flatnonzero(sent).tolist()]
