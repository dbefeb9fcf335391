"""Cells with code words of several bits: a product with an odd number, made of words and of bits that pick.

+D goes to the cells whose perturbation is positive, then +2 D to those of them that have bit 0 in
``(|s| - 1) / 2``, +4 D to those with bit 1, and so on; then -D and its multiples to the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..fixed import Ints, namespace
from .homodyne import homodyne

__all__ = ["multiples"]


def multiples(update: Ints, sign: Ints, code_bits: int) -> Iterator[Ints]:
    """The words each cell takes, one after the other; their sum is ``update * sign``.

    Parameters
    ----------
    update : Ints
        (R,), D in ``config.words.update``.
    sign : Ints
        (R or 1, P), 0 or odd, between ``+-2**code_bits``.
    code_bits : int

    Yields
    ------
    Ints
        (R, P), in ``config.words.word``; 0 where a cell takes none.
    """
    if code_bits == 1:
        yield homodyne(update, sign)
        return
    side = namespace(sign).sign(sign)
    yield homodyne(update, side)
    magnitude = (abs(sign) - 1) >> 1  # -1 where s is 0, and has no sign
    for bit in range(code_bits - 1):
        yield homodyne(update << (bit + 1), side * (magnitude >> bit & 1))
