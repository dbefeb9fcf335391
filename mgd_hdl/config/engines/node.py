"""Cells in a row for each neuron, whose weights learn by the neuron's code and their input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import ClassVar

from ..network import LayerConfig
from .facts import EngineFacts, Probe
from .layout import TILE_CELLS, Place, Tile, of_neurons

__all__ = ["NodeFacts"]


@dataclass(frozen=True, eq=False)
class NodeFacts(EngineFacts):
    """Updates take a word for each bit of an input, so measurements wait for them."""

    name: ClassVar[str] = "node"
    option: ClassVar[str] = "node by node"
    by_input: ClassVar[bool] = True

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        return Fraction(wait + 1 + self.asked.shadow)

    @property
    def multiples(self) -> int:
        """One word for each bit of an input."""
        return self.asked.perturbation.resolution

    def tiles(self, layers: Sequence[LayerConfig]) -> tuple[Tile, ...]:
        """A row for each neuron."""
        built: list[Tile] = []
        first_row = 0
        for layer in layers:
            step = layer.inputs + 1
            for neuron, column in product(range(layer.neurons), range(0, step, TILE_CELLS)):
                first = layer.first + neuron * step + column
                cells = min(TILE_CELLS, step - column)
                row = first_row + neuron
                built.append(Tile(len(built), layer.index, first, row, cells, self.columns, column))
            first_row += layer.neurons
        return tuple(built)

    @property
    def columns(self) -> int:
        return max(self.asked.network.layers[:-1]) + 1

    def code_places(self, layers: Sequence[LayerConfig], places: tuple[Place, ...]) -> tuple[Place, ...]:
        return of_neurons(layers)

    def _code(self) -> Probe:
        """In its row of cells."""
        return Probe("code", "neuron", "core.array.tile_{tile}.node", "measured")
