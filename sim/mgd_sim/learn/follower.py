"""The copy that the network sees, where it follows T step by step."""

from __future__ import annotations

from ..fixed import Ints, cast

__all__ = ["followed", "settled"]


def followed(copy: Ints, visible: Ints, follow: int) -> Ints:
    """The copy after it has come nearer to T by 2**-follow of the way.

    Parameters
    ----------
    copy : Ints
        Any shape, in ``config.words.copied``.
    visible : Ints
        Same shape, the visible bits of T.
    follow : int
    """
    return copy + visible - (copy >> follow)


def settled(visible: Ints, follow: int) -> Ints:
    """A copy that came from zero and has arrived: it stops at the near end of T's visible interval."""
    negative = cast(visible < 0, visible.dtype)
    copy: Ints = (visible << follow) + negative * ((1 << follow) - 1)
    return copy
