"""From the cost change gathered over a hold to the update broadcast to all cells."""

from __future__ import annotations

from mgd_hdl.config import Rounding, TrainerConfig

from ..fixed import Flags, Ints, saturate, shift_round

__all__ = ["Update"]


class Update:
    """``D = saturate(-A * 2**(gain - learning_shift))``: the learning rate is one shift.

    Parameters
    ----------
    config : TrainerConfig
    learning_shift : int
        k in eta = 2**-k.
    """

    def __init__(self, config: TrainerConfig, learning_shift: int):
        self.shift = config.gain - learning_shift
        self.limit = config.update.max
        self.rounding = config.rounding

    @property
    def dithered(self) -> bool:
        """Whether a dither word is used up by every update."""
        return self.rounding is Rounding.STOCHASTIC

    def __call__(self, hold: Ints, dither: Ints | int = 0) -> tuple[Ints, Flags]:
        """One update.

        Parameters
        ----------
        hold : Ints
            (R,), A in ``config.hold``, at most 48 bits.
        dither : Ints or int
            (R,), states of the dither register; only used where ``dithered``.

        Returns
        -------
        update : Ints
            (R,), D in ``config.update``, within symmetric limits.
        saturated : Flags
            (R,), where the limits changed it.
        """
        wanted = -hold
        if self.shift < 0:
            # A has at most 48 bits and the dither 31: beyond 62 places nothing changes any more.
            wanted, _ = shift_round(wanted, min(-self.shift, 62), self.rounding, dither)
            return saturate(wanted, -self.limit, self.limit)
        # Limited before the shift, one beyond what fits, so that the shift cannot leave 64 bits:
        # what is beyond stays beyond.
        beyond = (self.limit >> self.shift) + 1
        wanted, _ = saturate(wanted, -beyond, beyond)
        return saturate(wanted << self.shift, -self.limit, self.limit)
