"""The integrator is the parameter itself: T adds up its words and stops at half its range."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import Format

from ..fixed import Ints

__all__ = ["integrate"]


def integrate(parameter: Format, theta: Ints, word: Ints) -> Ints:
    """Add a word to every T, unless T stands at the rail and the word points outward.

    T stands at a rail where its top two bits differ, which is beyond half its range. A word is at
    most a quarter of the range, so one that is accepted inside never wraps T.

    Parameters
    ----------
    parameter : Format
        Of ``theta``.
    theta : Ints
        Any shape.
    word : Ints
        Same shape, in ``config.word``.

    Returns
    -------
    Ints
        The new ``theta``.
    """
    # Adding half the range moves the two rails to both sides of one period, so the bits above
    # the word tell -1 (lower rail), 0 (between) and +1 (upper rail).
    rail = (theta + (1 << (parameter.width - 2))) >> (parameter.width - 1)
    return theta + np.where(rail * word > 0, 0, word)
