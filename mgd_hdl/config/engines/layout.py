"""Tiles of cells, and the place of each cell in its tile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..codes import COLUMNS
from ..network import LayerConfig

__all__ = ["TILE_CELLS", "Place", "Tile", "in_blocks", "of_neurons"]

TILE_CELLS = 64


@dataclass(frozen=True)
class Place:
    """Where a parameter's cell sits: ``row`` counts over the whole array, ``tile_row`` in its tile."""

    layer: int
    row: int
    column: int
    tile: int
    tile_row: int

    @property
    def diagonal(self) -> int:
        """The diagonal wire of its code; each tile has its eight wires turned one further, or cells in
        the same places of two tiles would differ in their rows only.
        """
        return (self.tile + self.tile_row + self.column) % COLUMNS


@dataclass(frozen=True)
class Tile:
    """Up to 64 cells of one layer behind a branch of the broadcast, eight columns wide; node by node, of one
    neuron, in one row.
    """

    index: int
    layer: int
    first: int  # number of its first parameter
    first_row: int
    cells: int
    columns: int = COLUMNS
    first_column: int = 0

    @property
    def rows(self) -> int:
        return -(-self.cells // self.columns)


def in_blocks(layers: Iterable[LayerConfig]) -> Iterator[Tile]:
    """Each layer's parameters in the order of their numbers, eight in a row."""
    index = first_row = 0
    for layer in layers:
        for start in range(0, layer.parameters, TILE_CELLS):
            cells = min(TILE_CELLS, layer.parameters - start)
            tile = Tile(index, layer.index, layer.first + start, first_row, cells)
            yield tile
            index, first_row = index + 1, first_row + tile.rows


def of_neurons(layers: Iterable[LayerConfig]) -> tuple[Place, ...]:
    """Places for the codes of neurons, as if these were cells."""
    owners = [layer.index for layer in layers for _ in range(layer.neurons)]
    found = []
    for number, owner in enumerate(owners):
        (row, column), (tile, cell) = divmod(number, COLUMNS), divmod(number, TILE_CELLS)
        found.append(Place(owner, row, column, tile, cell // COLUMNS))
    return tuple(found)
