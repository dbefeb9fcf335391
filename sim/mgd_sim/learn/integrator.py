"""The integrator is the parameter itself: T adds up its words and stops at half its range."""

from __future__ import annotations

from ..fixed import Ints, cast

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
        Same shape and type, in ``config.words.word``.

    Returns
    -------
    Ints
        The new ``theta``.
    """
    # In units of the rail: below -1 (negative), from -1 to below 1 (0), from 1 on (positive).
    side = theta >> rail
    side += 1
    side >>= 1
    side *= word
    taken: Ints = cast(side <= 0, theta.dtype)
    taken *= word
    taken += theta
    return taken
