"""A measurement of a device outside: does it teach, and when has there been enough of bad ones?"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Belief"]


@dataclass
class Belief:
    """What is known of the measurements of one trainer.

    Attributes
    ----------
    analog : bool
    give_up : int
        Steps in a row with a bad measurement, and the trainer rests.
    referenced : bool
        C0 is that of the present sample and parameters; analog, there has been a good cost of this sample.
    lost : bool
        The reference of this step was bad.
    failures : int
        Steps in a row with a bad one.
    resting : bool
    """

    analog: bool
    give_up: int
    referenced: bool = True
    lost: bool = False
    failures: int = 0
    resting: bool = False

    def reference(self, good: bool) -> bool:
        """A reference is over; whether the trainer hears of it."""
        self.referenced, self.lost = good, not good
        return good

    def perturbed(self, good: bool, fresh: bool = False) -> tuple[bool, bool]:
        """The measurement that ends a step is over.

        Parameters
        ----------
        good : bool
        fresh : bool
            Analog: it is the first of its sample.

        Returns
        -------
        blank, ignored : bool
            Analog: it is the first good one of its sample. It teaches nothing.
        """
        failed = not good or self.lost
        self.lost = False
        blank = False
        if self.analog:
            self.referenced = self.referenced and not fresh
            blank = good and not self.referenced
            self.referenced = self.referenced or good
            ignored = not good
        else:
            ignored = not (good and self.referenced)
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= self.give_up:
            self.resting, self.referenced = True, False
        return blank, ignored

    def go_on(self) -> None:
        """Steps begin again."""
        self.resting, self.failures = False, 0
