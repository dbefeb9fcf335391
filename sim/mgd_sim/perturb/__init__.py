"""Perturbations: what is drawn for each, and the code words that are made of it."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..fixed import Bits, Ints
from ..moves import STATE, Within

__all__ = ["CodeSource", "Draws"]

#: A few numbers for each perturbation, the perturbations as their first axis.
Draws = npt.NDArray[Any]


class CodeSource:
    """The codes of R replicas, or of all alike, from perturbation 0 on.

    What moves is drawn in NumPy, for many perturbations at a time. The words are a function of that.

    Attributes
    ----------
    limits : Within
        Of all numbers that are drawn.
    tables : tuple of Ints
        What the words are made of beside, as far as the configuration does not tell it.
    """

    limits: Within = STATE
    tables: tuple[Ints | Bits, ...] = ()

    def draw(self, count: int) -> Draws:
        """What the next ``count`` perturbations are made of: (count, ...)."""
        raise NotImplementedError

    def words(self, draws: Draws) -> Bits:
        """The code words of draws (...): (..., R or 1, codes). A pure function of arrays of any library."""
        raise NotImplementedError

    def take(self, count: int) -> Bits:
        """The code words of the next ``count`` perturbations: (count, R or 1, codes)."""
        return self.words(self.draw(count))
