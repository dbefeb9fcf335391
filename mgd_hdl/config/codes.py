"""Perturbation codes: which sign does each parameter carry at each step?

A parameter sits at a place (row, column) of an array eight columns wide. Its code bit is made from
few shared wires, so one look-up table per parameter serves every family:

    random_code   row[r] ^ column[c] ^ diagonal[d]      d = (tile + row in the tile + c) % 8
    walsh         row[r] ^ column[c]
    sequential    row[r] & column[c]

``1`` perturbs by +amplitude and ``0`` by -amplitude (sequential: not at all).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

__all__ = ["COLUMNS", "Family", "Lfsr", "LFSR", "RandomCode", "WalshCode"]

COLUMNS = 8

Family = Literal["random_code", "walsh", "sequential"]


@dataclass(frozen=True)
class Lfsr:
    """A Fibonacci register of the recurrence ``b[m + degree] = b[m + tap] ^ b[m]``.

    Its polynomial is ``x**degree + x**tap + 1``. The state at step n is the window
    ``b[leap * n .. leap * n + degree - 1]``, bit 0 first: ``leap = degree - tap`` new bits
    appear in one clock and each costs one exclusive or.
    """

    degree: int
    tap: int

    @property
    def leap(self) -> int:
        return self.degree - self.tap

    @property
    def mask(self) -> int:
        return (1 << self.degree) - 1

    def step(self, state: int) -> int:
        """The state one step later: ``leap`` bits further along the sequence."""
        fresh = (state ^ (state >> self.tap)) & ((1 << self.leap) - 1)
        return (state >> self.leap) | (fresh << self.tap)

    def valid(self, state: int) -> int:
        """The state a seed register gives: bit 0 is forced to one, so it is never the dead zero."""
        return (state & self.mask) | 1


#: x^31 + x^3 + 1, the reciprocal of the PRBS31 polynomial of ITU-T O.150. Primitive, and 2^31 - 1
#: is prime, so every nonzero seed lies on the one cycle of 2^31 - 1 bits; the leap of 28 does not
#: divide that, so the states too repeat only after 2^31 - 1 steps.
LFSR = Lfsr(degree=31, tap=3)


@dataclass(frozen=True)
class RandomCode:
    """Random codes from one shared register.

    State bits 0..7 are the columns, 8..15 the diagonals, and row r is the exclusive or of the r-th
    combination of bits 16..30, in order of weight. So no two parameters share a combination, and
    no product of two codes is a third: each code holds exactly one column bit, three codes hold
    an odd number of them, and their exclusive or is never zero. That is the odd-weight rule which
    keeps the second derivative of the cost out of one-sided estimates.
    """

    rows: int

    ROW_BITS = tuple(range(2 * COLUMNS, LFSR.degree))
    MAX_ROWS = (1 << len(ROW_BITS)) - 1

    @cached_property
    def row_taps(self) -> tuple[tuple[int, ...], ...]:
        """For every row the state bits whose exclusive or drives it."""
        every = itertools.chain.from_iterable(
            itertools.combinations(self.ROW_BITS, weight) for weight in range(1, len(self.ROW_BITS) + 1)
        )
        return tuple(itertools.islice(every, self.rows))

    def taps(self, row: int, column: int, diagonal: int) -> tuple[int, ...]:
        """All state bits in the code of the parameter at this place."""
        return (column, COLUMNS + diagonal, *self.row_taps[row])


@dataclass(frozen=True)
class WalshCode:
    """Walsh functions in natural order: ``parity(index AND step)``.

    The parameter at (row, column) has index ``2**k + 8 * row + column`` where k bits count all
    places. The leading one is in every index, which is the odd-weight rule again: the exclusive
    or of three indices keeps it, so no product of two codes is a third. All codes are orthogonal
    over the period of ``2**(k + 1)`` steps.
    """

    rows: int

    @property
    def row_bits(self) -> int:
        return (self.rows - 1).bit_length()

    @property
    def counter_bits(self) -> int:
        return 3 + self.row_bits + 1

    @property
    def period(self) -> int:
        return 1 << self.counter_bits

    def index(self, row: int, column: int) -> int:
        return (1 << (self.counter_bits - 1)) | (row << 3) | column
