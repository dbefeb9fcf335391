"""Number formats: what does an integer in a register stand for?

``SQ(i, f)`` is signed, two's complement; the sign is counted in ``i``. ``UQ(i, f)`` is unsigned.
Both are ``i + f`` bits wide and an integer ``n`` stands for ``n * 2**-f``. Nothing here touches a
float except :meth:`Format.quantize`, which is for constants known at generation time.
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import core_schema

__all__ = ["Format", "Overflow", "Rounding", "SQ", "UQ", "power_of_two"]

_TEXT = re.compile(r" *([SU])Q\( *(-?[0-9]{1,3}) *, *(-?[0-9]{1,3}) *\) *")


class Rounding(enum.Enum):
    """How bits below the last one kept are dropped.

    ``FLOOR`` drops them; ``NEAREST_EVEN`` goes to the nearest value, ties to even;
    ``STOCHASTIC`` adds a uniform dither first, so the mean is exact; ``CARRY`` drops them
    here and hands the remainder back, so that the caller keeps it and nothing is lost.
    """

    FLOOR = "floor"
    NEAREST_EVEN = "nearest_even"
    STOCHASTIC = "stochastic"
    CARRY = "carry"


class Overflow(enum.Enum):
    """What happens to a value that does not fit: drop the upper bits, or stop at the limit."""

    WRAP = "wrap"
    SATURATE = "saturate"


@dataclass(frozen=True, order=True)
class Format:
    """A fixed-point format; see the module's first paragraph."""

    signed: bool
    integer_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(
                f"{self} has {self.width} bits; integer and fraction bits must add up to 1 or more"
            )
        if self.width > 64:
            raise ValueError(f"{self} has {self.width} bits; must have at most 64")

    @classmethod
    def parse(cls, text: str) -> Format:
        """``Format.parse("SQ(5, 11)")``; raises ValueError on anything else."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError('is not a number format; must be "SQ(i, f)" or "UQ(i, f)"')
        kind, integer_bits, fraction_bits = found.groups()
        return cls(kind == "S", int(integer_bits), int(fraction_bits))

    @property
    def width(self) -> int:
        """Bits in the register."""
        return self.integer_bits + self.fraction_bits

    @property
    def min(self) -> int:
        """The least integer that fits."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """The greatest integer that fits."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def step(self) -> float:
        """The value of the last bit."""
        return math.ldexp(1.0, -self.fraction_bits)

    def quantize(self, value: float) -> int:
        """The nearest integer to ``value`` (ties to even), saturated."""
        return max(self.min, min(self.max, round(math.ldexp(value, self.fraction_bits))))

    def value(self, integer: int) -> float:
        """What ``integer`` stands for."""
        return math.ldexp(integer, -self.fraction_bits)

    def __str__(self) -> str:
        return f"{'S' if self.signed else 'U'}Q({self.integer_bits}, {self.fraction_bits})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        def check(given: Any) -> Format:
            if isinstance(given, Format):
                return given
            if not isinstance(given, str):
                raise ValueError('must be text such as "SQ(5, 11)"')
            return cls.parse(given)

        return core_schema.no_info_plain_validator_function(
            check, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": f"^{_TEXT.pattern}$",
            "examples": ["SQ(5, 11)", "UQ(0, 8)"],
        }


def SQ(integer_bits: int, fraction_bits: int) -> Format:
    """A signed format; the sign is one of the integer bits."""
    return Format(True, integer_bits, fraction_bits)


def UQ(integer_bits: int, fraction_bits: int) -> Format:
    """An unsigned format."""
    return Format(False, integer_bits, fraction_bits)


def power_of_two(value: float) -> int:
    """The exponent of the power of two nearest to a positive ``value`` on a logarithmic scale."""
    return round(math.log2(value))
