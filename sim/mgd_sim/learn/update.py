"""From the cost change gathered over a hold to the update broadcast to all cells."""

from __future__ import annotations

from mgd_hdl.config import Rounding, TrainerConfig

from ..fixed import Flags, Ints, namespace, saturate, shift_round

__all__ = ["Update"]


class Update:
    """``D = saturate(-A * 2**(gain - learning_shift))``: the learning rate is one shift.

    With ``learning.size = "sign"`` the sign of A takes the place of A.
    """

    def __init__(self, config: TrainerConfig):
        self.gain = config.levels.gain
        self.sign_only = config.sign_only
        self.dropped_bits = config.levels.dropped_bits
        self.limit = config.words.update.max
        self.rounding = config.rounding

    @property
    def dithered(self) -> bool:
        """Whether every step uses up a dither word."""
        return self.rounding is Rounding.STOCHASTIC

    def __call__(self, hold: Ints, learning_shift: int, dither: Ints | int = 0) -> tuple[Ints, Flags]:
        """One update.

        Parameters
        ----------
        hold : Ints
            (R,), A in ``config.words.hold``.
        learning_shift : int
            k in eta = 2**-k; one less for each time that the amplitude has halved.
        dither : Ints or int
            (R,), states of the dither register; only used where ``dithered``.

        Returns
        -------
        update : Ints
            (R,), D in ``config.words.update``, within symmetric limits.
        saturated : Flags
            (R,), where the limits changed it.
        """
        # -A takes one bit more than A, and the configuration sees to it that the shift fits too.
        wanted = -namespace(hold).sign(hold) if self.sign_only else -hold
        shift = self.gain - learning_shift
        if shift < 0:
            # Of a dither word as wide as the largest shift, a smaller one uses the upper bits.
            upper = (dither & ((1 << self.dropped_bits) - 1)) >> (self.dropped_bits + shift)
            wanted, _ = shift_round(wanted, -shift, self.rounding, upper)
        elif shift:
            wanted = wanted << shift
        return saturate(wanted, -self.limit, self.limit)
