"""Parameters in block memories, as many of them side by side as there are lanes, swept once a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ..delivery import Delivery, words
from ..network import LayerConfig
from .facts import EngineFacts, Probe
from .indices import Indices
from .layout import Place, of_neurons
from .series import Series
from .sweep import Sweep

__all__ = ["BankFacts"]


@dataclass(frozen=True, eq=False)
class BankFacts(EngineFacts):
    """A sweep reads each word, updates it by the measurement before, and feeds the one that is made: both
    sides of it. So no cell, no leaf, no wire of a code is there. Node by node a word takes D times its input
    at once.
    """

    name: ClassVar[str] = "bank"
    option: ClassVar[str] = "bank"
    waits: ClassVar[bool] = True
    joins: ClassVar[bool] = True
    largest: ClassVar[int] = 1 << 17

    @property
    def delivery(self) -> Delivery:  # type: ignore[override]
        return words(self.asked.engine.lanes)

    @property
    def by_input(self) -> bool:  # type: ignore[override]
        return self.asked.nodes

    @property
    def multiples(self) -> int:
        return self.asked.perturbation.resolution if self.asked.nodes else super().multiples

    @property
    def sent(self) -> int:
        """D, and -D."""
        return 1

    @property
    def leaf_levels(self) -> int:
        return 0

    @property
    def tables(self) -> bool:
        """Random codes come from a table in each lane."""
        return self.asked.perturbation.family == "random_code"

    @property
    def lead(self) -> int:
        """So many clocks later than its address a word is read: a random code needs a table, with many stages
        a register behind it, and parities; an update node by node a product, and its negative.
        """
        if self.tables and self.asked.staged:
            return 3
        return 2 if self.tables or self.asked.nodes else 0

    def sweep(self, layers: Sequence[LayerConfig]) -> Sweep:
        # The state of a random code is read in two clocks, so it changes between two words.
        between = int(self.tables)
        asked = self.asked
        return Sweep(
            layers, asked.engine.lanes, self.lead, asked.single_port, between, pair=asked.pair_clocks
        )

    def indices(self, sweep: Sweep) -> Indices:
        """What tells the codes of words apart."""
        asked = self.asked
        return Indices(sweep, self.tables, asked.nodes, turns=asked.layerwise, pairs=asked.share_shift)

    def code_places(self, layers: Sequence[LayerConfig], places: tuple[Place, ...]) -> tuple[Place, ...]:
        return of_neurons(layers) if self.asked.nodes else places

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """The next sweep begins two clocks before D is there, which its first word meets in the third clock;
        -D, in which ``wait`` ends, is there with D. The command of a sweep is a clock before its begin.
        """
        return Fraction(wait - 5)

    def cell_registers(self, width: int) -> int:
        """A parameter is in a memory."""
        return 0

    @property
    def starts_unknown(self) -> bool:
        """Every word is written before it is read, and sums of lanes without neuron are never drained."""
        return True

    @property
    def probes(self) -> tuple[Probe, ...]:
        """T is in the lanes' memories; codes are made anew for every word."""
        memory = "block_{block}.store" if self.asked.single_port else "store"
        return (Probe("theta", "parameter", f"core.array.lane_{{lane}}.{memory}[{{word}}]", "done"),)

    def probed(self, words: Sweep | Series | None, parameter: int, cell: int) -> dict[str, int]:
        assert words is not None
        lane, address = words.where(parameter)
        if not self.asked.single_port:
            return {"lane": lane, "word": address}
        word, block = divmod(address, 2)
        return {"lane": lane, "block": block, "word": word}

    @property
    def without_shadow(self) -> str:
        return 'other times need kind = "array" with engine.shadow = "yes"'
