"""The codes of all parameters, or of neurons, and what power they have."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from .asked import Asked
from .codes import RandomCode, Sinusoids, SparseCode, WalshCode
from .draws import scramble
from .placement import Placement
from .shape import Shape

__all__ = ["Codes"]


@dataclass(frozen=True, eq=False)
class Codes:
    """Of the configured family each generator, and what it makes of the places."""

    asked: Asked
    shape: Shape
    placement: Placement

    @cached_property
    def random_code(self) -> RandomCode:
        return RandomCode(self.placement.code_rows)

    @property
    def perturbation_power(self) -> Fraction | None:
        """Mean square of a parameter's perturbation, over time, in squares of the amplitude; None where
        only the outside knows. What a shift takes for the square of the amplitude is 1, or the share.
        """
        if self.asked.perturbation.family == "external":
            return None
        if self.asked.perturbation.family == "sinusoidal":
            return Fraction(self.sinusoids.power, 1 << 2 * (self.asked.code_bits - 1))
        turns = len(self.shape.layers) if self.asked.layerwise else 1
        return Fraction(1, turns << self.asked.share_shift) / (
            self.asked.parameters if self.asked.sequential else 1
        )

    @cached_property
    def sparse_code(self) -> SparseCode:
        return SparseCode(self.placement.rows, self.asked.share_shift)

    @cached_property
    def walsh_code(self) -> WalshCode:
        return WalshCode(self.placement.code_rows, self.asked.perturbation.sign_flip)

    @cached_property
    def sinusoids(self) -> Sinusoids:
        shuffled = self.asked.perturbation.order == "shuffled"
        return Sinusoids(
            self.asked.parameters, self.asked.code_bits, scramble(self.asked.seed) if shuffled else None
        )

    @cached_property
    def sequence(self) -> tuple[int, ...]:
        """Sequential: the numbers of the parameters in the order of their turns."""
        order = list(range(self.asked.parameters))
        if self.asked.perturbation.order == "shuffled":  # Fisher-Yates with a seeded stream
            state = self.asked.seed
            for last in range(self.asked.parameters - 1, 0, -1):
                state = scramble(state)
                pick = state % (last + 1)
                order[last], order[pick] = order[pick], order[last]
        return tuple(order)
