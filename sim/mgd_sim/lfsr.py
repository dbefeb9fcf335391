"""The pseudo-random register of the circuit, many states at a time.

One step is linear over GF(2), so ``2**k`` steps are one 31 x 31 bit matrix. A block of states is
doubled until it is long enough: the second half is the first half moved on by its own length.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import LFSR

__all__ = ["States", "after", "states"]

States = npt.NDArray[np.uint32]


#: Bits of a state that are looked up at once: two tables of 256 kB stay in a core's cache.
_HALF = 16


@lru_cache(maxsize=32)
def _leap(doublings: int) -> States:
    """``2**doublings`` steps as two look-up tables, one for each half of the state: (2, 2**16)."""
    if doublings == 0:
        unit = [LFSR.step(1 << bit) for bit in range(LFSR.degree)]
    else:
        half = _leap(doublings - 1)
        basis = np.uint32(1) << np.arange(LFSR.degree, dtype=np.uint32)
        unit = _apply(half, _apply(half, basis)).tolist()
    tables = np.zeros((2, 1 << _HALF), dtype=np.uint32)
    for bit, image in enumerate(unit):
        which, place = divmod(bit, _HALF)
        size = 1 << place
        tables[which, size : 2 * size] = tables[which, :size] ^ np.uint32(image)
    return tables


def _apply(tables: States, state: States) -> States:
    # ``take`` is twice as fast as an index in brackets.
    moved: States = tables[0].take(state & np.uint32((1 << _HALF) - 1))
    moved ^= tables[1].take(state >> np.uint32(_HALF))
    return moved


def states(first: States, count: int) -> States:
    """``count`` successive states of every register, ``first`` included.

    Parameters
    ----------
    first : States
        (R,), nonzero 31-bit states.
    count : int
        At least 1.

    Returns
    -------
    States
        (count, R); row m is ``first`` after m steps of :meth:`mgd_hdl.config.Lfsr.step`.
    """
    block = np.empty((count, *first.shape), dtype=np.uint32)
    block[0] = first
    filled, doublings = 1, 0
    while filled < count:
        more = min(filled, count - filled)
        block[filled : filled + more] = _apply(_leap(doublings), block[:more])
        filled, doublings = filled + more, doublings + 1
    return block


def after(state: int, count: int) -> int:
    """One state ``count`` steps later."""
    found = np.array([state], dtype=np.uint32)
    for doublings in range(count.bit_length()):
        if count >> doublings & 1:
            found = _apply(_leap(doublings), found)
    return int(found[0])
