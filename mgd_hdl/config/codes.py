"""Perturbation codes: which sign does each parameter carry at each step?

A parameter sits at a place (row, column) of an array eight columns wide. Its code bit is made from
few shared wires, so one look-up table per parameter serves every family:

    random_code   row[r] ^ column[c] ^ diagonal[d]      d = (tile + row in the tile + c) % 8
    walsh         row[r] ^ column[c]
    sequential    row[r] & column[c]

Random codes may be sparse; then more wires, and one or two more tables, say whether a parameter is shaken.

``1`` perturbs by +amplitude and ``0`` by -amplitude (sequential: not at all).

The other families are *loaded*: before each perturbation a word for every parameter is shifted through
a chain of all cells. A word u of k bits stands for ``s = 2 u + 1 - 2**k``, one of +-1, +-3 ... +-(2**k - 1),
so that ``~u`` stands for -s, and nothing stands for zero; a further bit on top, where there is one, says
whether the parameter is perturbed at all.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

__all__ = [
    "COLUMNS",
    "Family",
    "LOADED",
    "Lfsr",
    "LFSR",
    "RandomCode",
    "Sinusoids",
    "SparseCode",
    "WalshCode",
]

COLUMNS = 8

Family = Literal["random_code", "walsh", "sequential", "sinusoidal", "square", "external"]

#: Families whose code is loaded into the cells before each perturbation.
LOADED: frozenset[Family] = frozenset({"sinusoidal", "square", "external"})


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


def _combinations(bits: tuple[int, ...], count: int) -> tuple[tuple[int, ...], ...]:
    """The first ``count`` combinations of some bits, in order of weight."""
    every = itertools.chain.from_iterable(
        itertools.combinations(bits, weight) for weight in range(1, len(bits) + 1)
    )
    return tuple(itertools.islice(every, count))


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
        return _combinations(self.ROW_BITS, self.rows)

    def taps(self, row: int, column: int, diagonal: int) -> tuple[int, ...]:
        """All state bits in the code of the parameter at this place."""
        return (column, COLUMNS + diagonal, *self.row_taps[row])


@dataclass(frozen=True)
class SparseCode:
    """Which parameters a sparse random code shakes: each one with the probability ``2**-share_shift``.

    A parameter is active where ``row[r] ^ column[c]`` is one for each of so many pairs of wires, and each
    pair has a register of its own. State bits 0..7 are the columns, and row r is the exclusive or of the
    r-th combination of bits 8..30, in order of weight. Two parameters differ in row or column, so their
    combinations are neither equal nor zero: activities are independent in pairs, and as they come from other
    registers, independent of the signs. So for T perturbations the mean of each estimate is the slope, and

        E |G - g|^2 = |g|^2 (P - 2 + 1/q) / T        q = 2**-share_shift

    where q = 1 gives the law of random codes.
    """

    rows: int
    share_shift: int

    ROW_BITS = tuple(range(COLUMNS, LFSR.degree))
    #: Wires of a cell, pair by pair.
    PAIRS = (("first_row", "first_column"), ("second_row", "second_column"), ("third_row", "third_column"))
    #: Each register starts from the seed turned to the left by so many bits more than the one before,
    TURN = 10
    #: and with these bits inverted, of the golden ratio and of pi: few ones in a seed are not few in all.
    KEYS = (0, 0x1E3779B9, 0x243F6A88)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Wires of a cell that say whether it is active, pair by pair."""
        return self.PAIRS[: self.share_shift]

    @cached_property
    def row_taps(self) -> tuple[tuple[int, ...], ...]:
        """For every row the state bits whose exclusive or drives it."""
        return _combinations(self.ROW_BITS, self.rows)

    def taps(self, row: int, column: int) -> tuple[int, ...]:
        """All state bits in the activity of the parameter at this place, the same in each register."""
        return (column, *self.row_taps[row])

    def marks(self, pair: int) -> tuple[int, ...]:
        """The lowest bits of a pair's register where it starts, whatever the seed is.

        No register is zero. No two are equal, and no three add up to zero, or a parameter would be active in
        another share than ``2**-share_shift``.
        """
        return (1, pair & 1, pair >> 1) if self.share_shift > 1 else (1,)

    def starts(self, seed: int, pair: int) -> int:
        """Where a pair's register starts."""
        by, marks = self.TURN * pair, self.marks(pair)
        turned = ((seed << by | seed >> (LFSR.degree - by)) ^ self.KEYS[pair]) & LFSR.mask
        return turned >> len(marks) << len(marks) | sum(bit << place for place, bit in enumerate(marks))


@dataclass(frozen=True)
class WalshCode:
    """Walsh functions in natural order: ``parity(index AND step)``.

    The parameter at (row, column) has index ``2**k + 8 * row + column`` where k bits count all
    places. The leading one is in every index, which is the odd-weight rule again: the exclusive
    or of three indices keeps it, so no product of two codes is a third. All codes are orthogonal
    over the period of ``2**(k + 1)`` steps.

    With ``sign_flip`` every second period has all signs reversed, which is one more bit that is always
    on: ``2**(k + 1)`` in the index and in the step. A Walsh function of m index bits sums to zero
    against every polynomial in the step of a degree below m. Each index then has two bits or more, and a cost
    that drifts at a constant rate leaves nothing in any estimate; without, it does in that of the
    parameter at row 0 and column 0, whose index has a single bit.
    """

    rows: int
    sign_flip: bool = False

    @property
    def row_bits(self) -> int:
        return (self.rows - 1).bit_length()

    @property
    def place_bits(self) -> int:
        """k: column and row."""
        return 3 + self.row_bits

    @property
    def counter_bits(self) -> int:
        return self.place_bits + 1 + self.sign_flip

    @property
    def period(self) -> int:
        """Steps over which the codes are orthogonal."""
        return 2 << self.place_bits

    @property
    def repeats(self) -> int:
        """Steps after which the codes repeat: a period, or two that are each other's negative."""
        return 1 << self.counter_bits

    def met(self, samples: int, held: int) -> int:
        """How many different codes each of so many samples ever meets, where they come in one order again
        and again and each is held for so many perturbations.
        """
        return self._met(self.repeats, samples, held)

    @staticmethod
    def _met(repeats: int, samples: int, held: int) -> int:
        apart = math.gcd(repeats, held * samples)
        return repeats // apart * min(held, apart)

    def met_in_turns(self, layers: int, held: int) -> int:
        """Of the ``period / 2`` codes that differ in more than the sign of all parameters, how many a layer
        meets that has its turn for so many perturbations at a time.

        All, if ``held`` is odd and no less than ``layers``. Where not all, they are not orthogonal in these
        turns; of two layers in turns of one, a bit of the step never changes, so two parameters whose indices
        differ in it are always shaken alike, or always unlike.
        """
        return self._met(self.period // 2, layers, held)

    def index(self, row: int, column: int) -> int:
        always = self.repeats - (1 << self.place_bits)
        return always | (row << 3) | column


@dataclass(frozen=True)
class Sinusoids:
    """Frequencies, phases and amplitudes of sinusoidal codes of k bits.

    Parameter i at perturbation n has the phase ``phi_i + n * odd_i / period`` of a cycle, where all
    ``odd_i`` are odd, differ, and lie in the coset's band: frequencies between 0 and 1/2 cycles a
    perturbation. ``period`` is a power of two, four times the number of parameters or more.

    Half a period later every phase has moved by an odd number of half cycles, so every code has changed
    its sign. Over a period the mean of any product of an odd number of codes is therefore zero: no
    code has a mean, and no product of two is like a third, which is what keeps the second derivative
    of the cost out of one-sided estimates. ``1 / spacing``, after which pure sinusoids are orthogonal, is
    half a period.

    Codes are loaded from the last parameter to the first. So the phase that is swept begins with ``first``
    and grows by ``stride``, both in units of ``n / period``.
    """

    parameters: int
    bits: int
    """k; 1 gives square waves."""
    scramble: int | None = None
    """Any number: shuffles the frequencies. Without, they are consecutive in the middle of the band."""

    @cached_property
    def period_bits(self) -> int:
        return (4 * self.parameters - 1).bit_length()

    @property
    def period(self) -> int:
        return 1 << self.period_bits

    @property
    def first(self) -> int:
        """``odd`` of the last parameter."""
        if self.scramble is None:
            spare = (self.period // 4 - self.parameters) // 2
            return 2 * (spare + self.parameters) - 1
        return (self.scramble << 2 | 1) % self.period

    @property
    def stride(self) -> int:
        """What ``odd`` grows by from one word to the next, as an unsigned number.

        Shuffled, it is 4 times an odd number. Then all ``odd`` are 1 modulo 4 and so no two are
        each other's negative, and the period / 4 of them that there are come in some order.
        """
        if self.scramble is None:
            return self.period - 2
        return (self.scramble >> 16 << 3 | 4) % self.period

    @cached_property
    def odds(self) -> tuple[int, ...]:
        """``odd`` of every parameter; above half a period it stands for period - odd, turning backwards."""
        swept = [(self.first + i * self.stride) % self.period for i in range(self.parameters)]
        return tuple(reversed(swept))

    @property
    def table_bits(self) -> int:
        """Bits of the phase that the sine is made of."""
        return max(8, self.bits + 4)

    @property
    def phase_bits(self) -> int:
        """Bits of the phase."""
        return max(self.period_bits, self.table_bits)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """A quarter of a wave: magnitudes ``(|s| - 1) / 2``.

        |s| is the odd number nearest to ``sqrt(2) * 2**(k - 1) * sin``, in the middle of each interval, so
        that the four quarters mirror each other.
        """
        quarter = 1 << (self.table_bits - 2)
        peak = math.sqrt(2) * (1 << (self.bits - 1))
        return tuple(
            int(peak * math.sin((place + 0.5) / quarter * math.pi / 2) / 2) for place in range(quarter)
        )

    @property
    def power(self) -> Fraction:
        """The mean of s**2 over all phases; ``4**(k - 1)`` would be exactly the amplitude."""
        return Fraction(sum((2 * magnitude + 1) ** 2 for magnitude in self.table), len(self.table))
