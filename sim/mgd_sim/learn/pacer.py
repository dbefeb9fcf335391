"""Words of delayed updates that wait for a step: whose word leaves with which step?"""

from __future__ import annotations

__all__ = ["leaving"]


def leaving(step: int, since: int, pace: int) -> int | None:
    """The step whose word leaves with this one; none while the first ones wait.

    Parameters
    ----------
    step : int
    since : int
        The first step after the start, or after the last pause, in which all words have left.
    pace : int
        ``config.timing.pace``.
    """
    return step - pace if step - pace >= since else None
