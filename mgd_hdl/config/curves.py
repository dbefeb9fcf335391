"""Curves of the cross-entropy, as tables of straight segments, and what they are wrong by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from .asked import Asked
from .cost import CurveTable
from .network import table_stages
from .number import UQ
from .words import Words

__all__ = ["Curves"]


@dataclass(frozen=True, eq=False)
class Curves:
    """Tables of the cross-entropy, and how far a cost may be from the exact one."""

    asked: Asked
    words: Words

    @property
    def table_stages(self) -> int:
        """Registers behind a table."""
        return table_stages(self.asked.cost_section.segment_bits) if self.asked.staged else 0

    @property
    def latency(self) -> int:
        """Clocks of a curve: look up, interpolate; with many stages product and sum take one each."""
        return 1 + self.table_stages + 1 + self.asked.staged

    @property
    def curve_fraction(self) -> int:
        """Cross-entropy: fraction bits of its curves, three more than the cost keeps."""
        return self.words.cost_change.fraction_bits + 3

    @cached_property
    def distance_table(self) -> CurveTable:
        """Cross-entropy: what an output adds that is d below the largest, exp(-d); of a single output
        log(1 + exp(-d)), d its size.
        """
        bits, output = self.asked.cost_section.segment_bits, self.words.output
        return CurveTable(
            curve="softplus" if self.asked.outputs == 1 else "exponential",
            segment_bits=bits,
            argument_fraction=max(output.fraction_bits, bits - 2),
            output=UQ(int(self.asked.outputs > 1), self.curve_fraction),
        )

    @cached_property
    def logarithm_table(self) -> CurveTable | None:
        """Cross-entropy of several outputs: log(1 + d), d what follows the leading one of a sum."""
        if self.asked.outputs == 1:
            return None
        fraction = self.curve_fraction + len(self.octaves) - 1
        bits = min(self.asked.cost_section.segment_bits, fraction - 1)
        return CurveTable(
            curve="logarithm",
            segment_bits=bits,
            argument_fraction=fraction,
            output=UQ(0, self.curve_fraction),
        )

    @property
    def octaves(self) -> tuple[int, ...]:
        """Cross-entropy of several outputs: k log(2), for a sum whose leading one is worth 2**k; the sum
        is at most the number of outputs.
        """
        unit = UQ(4, self.curve_fraction)
        return tuple(unit.quantize(k * math.log(2)) for k in range(self.asked.outputs.bit_length()))

    @property
    def loss_error(self) -> float:
        """How far C may be from the exact loss of the same outputs: what the last bit drops, and tables.

        Cross-entropy: the largest output adds exactly 1 to the sum, each other one what the table is wrong
        by. The sum is 1 or more, where the logarithm's slope is 1 or less; then come its own table and
        the rounding of k log(2).
        """
        error = self.words.cost.step
        if self.asked.loss == "cross_entropy":
            error += max(1, self.asked.outputs - 1) * self.distance_table.error
            if self.logarithm_table is not None:
                error += self.logarithm_table.error + self.logarithm_table.output.step / 2
        return error
