"""Weight decay: every parameter loses the same share of itself at each update, in the mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints
from ..lfsr import States, states

__all__ = ["Decay", "decays"]


def decays(threshold: Ints, size: int) -> Iterator[tuple[int, Callable[[Ints], Flags]]]:
    """The two words of a decay, and which T take them: -size above the threshold, then +size below minus
    the threshold.
    """
    yield -size, lambda theta: theta > threshold
    yield size, lambda theta: theta < -threshold


class Decay:
    """Thresholds, uniform from zero to below half the range of T.

    Parameters
    ----------
    config : TrainerConfig
    level : int
        k; parameters lose ``2**(k - 1)`` last bits, or none with 0.
    seed : States
        (R,), of the first threshold.
    """

    def __init__(self, config: TrainerConfig, level: int, seed: States):
        self.mask = (1 << (config.words.parameter.width - 2)) - 1
        self.size = 1 << (level - 1) if level else 0
        self.state = seed

    def take(self, count: int) -> Ints:
        """The thresholds of the next ``count`` updates: (count, R)."""
        drawn = states(self.state, count + 1)
        self.state = drawn[-1]
        return drawn[:-1].astype("int64") & self.mask
