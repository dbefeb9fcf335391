"""Where the cell of each parameter sits, and how what it hears comes to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from .asked import Asked
from .codes import COLUMNS
from .shape import Shape

__all__ = ["Place", "Tile", "Placement"]

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


@dataclass(frozen=True, eq=False)
class Placement:
    """Tiles of cells, and places in them."""

    asked: Asked
    shape: Shape

    @cached_property
    def leaves(self) -> bool:
        if self.asked.engine.leaves == "auto":
            return self.asked.parameters > self.asked.leaf_cells
        return self.asked.engine.leaves == "yes"

    @property
    def leaf_levels(self) -> int:
        """Registers in a row on the way to a cell: at its leaf; before small ones at the branch of its tile,
        and before that, where a code comes too, at a trunk for several tiles.
        """
        coded = not self.asked.loaded and not self.asked.nodes
        return self.leaves * (1 + (self.asked.leaf_cells < TILE_CELLS) * (1 + coded))

    @property
    def keeps_code(self) -> bool:
        """Cells behind small leaves hear their code one clock before all else, and keep the bits that they
        make of it. Loaded cells keep theirs anyway, and cells by node make none.
        """
        return self.leaf_levels > 2

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        built: list[Tile] = []
        first_row = 0
        if self.asked.nodes:  # a row for each neuron
            for layer in self.shape.layers:
                step = layer.inputs + 1
                for neuron, column in product(range(layer.neurons), range(0, step, TILE_CELLS)):
                    first = layer.first + neuron * step + column
                    cells = min(TILE_CELLS, step - column)
                    row = first_row + neuron
                    built.append(Tile(len(built), layer.index, first, row, cells, self.columns, column))
                first_row += layer.neurons
            return tuple(built)
        for layer in self.shape.layers:
            for start in range(0, layer.parameters, TILE_CELLS):
                cells = min(TILE_CELLS, layer.parameters - start)
                tile = Tile(len(built), layer.index, layer.first + start, first_row, cells)
                built.append(tile)
                first_row += tile.rows
        return tuple(built)

    @property
    def rows(self) -> int:
        return self.tiles[-1].first_row + self.tiles[-1].rows

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The place of every parameter, in order of their numbers."""
        return tuple(
            Place(
                tile.layer,
                tile.first_row + cell // tile.columns,
                tile.first_column + cell % tile.columns,
                tile.index,
                cell // tile.columns,
            )
            for tile in self.tiles
            for cell in range(tile.cells)
        )

    @property
    def columns(self) -> int:
        """Of the array: each row has so many places or fewer."""
        return max(self.asked.network.layers[:-1]) + 1 if self.asked.nodes else COLUMNS

    @cached_property
    def code_places(self) -> tuple[Place, ...]:
        """What makes codes differ: the places of the parameters, or of neurons as if they were cells."""
        if not self.asked.nodes:
            return self.places
        owners = [layer.index for layer in self.shape.layers for _ in range(layer.neurons)]
        found = []
        for number, owner in enumerate(owners):
            (row, column), (tile, cell) = divmod(number, COLUMNS), divmod(number, TILE_CELLS)
            found.append(Place(owner, row, column, tile, cell // COLUMNS))
        return tuple(found)

    @property
    def code_rows(self) -> int:
        """Of the places of codes."""
        return self.code_places[-1].row + 1
