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
            (R,), A in ``config.hold``.
        dither : Ints or int
            (R,), states of the dither register; only used where ``dithered``.

        Returns
        -------
        update : Ints
            (R,), D in ``config.update``, within symmetric limits.
        saturated : Flags
            (R,), where the limits changed it.
        """
        # -A takes one bit more than A, and the configuration sees to it that the shift fits too.
        wanted = -hold
        if self.shift < 0:
            wanted, _ = shift_round(wanted, -self.shift, self.rounding, dither)
        else:
            wanted <<= self.shift
        return saturate(wanted, -self.limit, self.limit)
