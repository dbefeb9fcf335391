"""Nearly normal numbers from the bits of a shift register: which bit counts for how much?

A sum of 28 fresh bits, twelve of which count twice, less its mean: whole numbers from -20 to 20. A bit of
weight w adds w**2 / 4 to the variance, so that is 12 * 1 + 16 * 1/4 = 16 and the standard deviation is
exactly 4: noise of any power of two is a shift.

A bit of the register's next word is the exclusive or of two bits of this one, so words that follow each
other have common third moments, ``sum of w_j**2 w_(j-3)`` and the like with the signs of inverted bits.
Inverting costs nothing, and the choice made here cancels them 1, 2, 4 and 8 words apart.
"""

from __future__ import annotations

from .codes import LFSR

__all__ = ["BITS", "DEVIATION", "INVERTED", "LARGEST", "TWICE"]

#: Bits of the register's state: those that are new in each step.
BITS = tuple(range(LFSR.tap, LFSR.degree))
#: Bits that count twice.
TWICE = (4, 6, 8, 9, 11, 12, 17, 26, 27, 28, 29, 30)
#: Bits that are inverted.
INVERTED = (3, 6, 12, 13, 15, 17, 18, 20, 22, 23, 26, 27, 28)
#: The standard deviation.
DEVIATION = 4
#: The largest number; the least is as far below zero.
LARGEST = (len(BITS) + len(TWICE)) // 2
