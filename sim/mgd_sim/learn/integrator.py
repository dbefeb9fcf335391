"""The integrator is the parameter itself: T adds up its words and stops at half its range."""

from __future__ import annotations

import numpy as np

from ..fixed import Ints

__all__ = ["integrate"]


def integrate(rail: int, theta: Ints, word: Ints) -> Ints:
    """Add a word to every T, unless T stands at the rail and the word points outward.

    T stands at a rail where it is below -2**rail, or not below 2**rail: at half its range its top two
    bits differ. A word is at most a quarter of the range, so one that is accepted inside never wraps T.

    Parameters
    ----------
    rail : int
        ``config.levels.rail``.
    theta : Ints
        Any shape.
    word : Ints
        Same shape, in ``config.words.word``.

    Returns
    -------
    Ints
        The new ``theta``.
    """
    # Adding the rail moves both to the ends of one period, so the bits above tell below the lower rail
    # (negative), between (0) and above the upper one (positive).
    side = (theta + (1 << rail)) >> (rail + 1)
    return theta + np.where(side * word > 0, 0, word)
