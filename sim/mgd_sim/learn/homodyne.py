"""Homodyne detection without a multiplier: each cell hears the update with its own perturbation's sign.

The update D goes to all cells twice: once as +D for the cells whose code bit is 1, and once as -D
for those whose bit is 0 (sequential codes skip that phase). A cell takes at most one of the two
words, so both phases together are one product with the sign.
"""

from __future__ import annotations

from ..fixed import Ints

__all__ = ["homodyne"]


def homodyne(update: Ints, sign: Ints) -> Ints:
    """The word each cell takes.

    Parameters
    ----------
    update : Ints
        (R,), D in ``config.words.update``. Its limits are symmetric, so -D fits too.
    sign : Ints
        (R or 1, P), in {-1, 0, +1}.

    Returns
    -------
    Ints
        (R, P), in ``config.words.update``.
    """
    return update[:, None] * sign
