"""What a relation is, and what those of several rooms share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..derived import Derived
from ..errors import Problem
from ..number import power_of_two

__all__ = ["FORWARD", "GAIN", "MAX_WIRES", "WORD", "Relation", "Relations", "count", "snapped"]

MAX_WIRES = 65_000  # into one module, beside its few others; Amaranth takes 2**16 input bits
WORD = 63  # bits of the widest signed word, so that every sum fits the 64-bit integers of the twin

#: Keys that the formats of the forward pass follow from.
FORWARD = (
    "network.layers", "network.activation", "formats.parameter", "perturbation.amplitude", "formats.input",
    "formats.activation_fraction", "formats.relu_integer_bits", "formats.linear_integer_bits",
    "formats.segment_bits", "imperfections.activation_spread",
)  # fmt: skip

#: Keys that the gain of an update follows from.
GAIN = (
    "formats.parameter", "formats.cost_change", "perturbation.amplitude", "perturbation.family",
    "perturbation.granularity", "perturbation.resolution", "perturbation.share", "learning.measure",
    "learning.size",
)  # fmt: skip

_Check = Callable[[Derived], Iterator[Problem]]


@dataclass(frozen=True)
class Relation:
    """The keys that it reads, and the problems that it finds."""

    keys: tuple[str, ...]
    check: _Check


class Relations(list[Relation]):
    """Those of one room, each a function below ``@relation(keys)``."""

    def __call__(self, *keys: str) -> Callable[[_Check], _Check]:
        def register(check: _Check) -> _Check:
            self.append(Relation(keys, check))
            return check

        return register


def snapped(value: float) -> str:
    """A number, and the power of two it stands for."""
    return f"{value} (2**{power_of_two(value)})"


def count(number: int, noun: str) -> str:
    """So many of them, in words."""
    return f"{number} {noun}" + "s" * (number != 1)
