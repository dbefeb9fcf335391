"""Where the cell of each parameter sits, and how what it hears comes to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .asked import Asked
from .engines import TILE_CELLS, EngineFacts, Place, Tile
from .shape import Shape

__all__ = ["TILE_CELLS", "Place", "Placement", "Tile"]


@dataclass(frozen=True, eq=False)
class Placement:
    """Tiles of cells, and places in them."""

    asked: Asked
    engine: EngineFacts
    shape: Shape

    @cached_property
    def leaves(self) -> bool:
        if not self.engine.leaf_levels:
            return False
        if self.asked.engine.leaves == "auto":
            return self.asked.parameters > self.asked.leaf_cells
        return self.asked.engine.leaves == "yes"

    @property
    def leaf_levels(self) -> int:
        """Registers in a row on the way to a cell."""
        return self.engine.leaf_levels if self.leaves else 0

    @property
    def keeps_code(self) -> bool:
        """Cells behind small leaves hear their code one clock before all else, and keep the bits that they
        make of it. Loaded cells keep theirs anyway, and cells by node make none.
        """
        return self.leaf_levels > 2

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        return self.engine.tiles(self.shape.layers)

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
        return self.engine.columns

    @property
    def rings(self) -> dict[str, int]:
        """By name: one-hot wires whose crossing is a cell. With ``engine.access`` rows count from the tile's
        first; without, or where a tile is in one row, over the whole array.
        """
        if self.engine.by_input or not self.asked.access:
            return {"rows": self.rows, "columns": self.columns}
        rows = max(tile.rows for tile in self.tiles)
        return {"tiles": len(self.tiles), "rows": rows, "columns": self.columns}

    def crossing(self, index: int) -> dict[str, int]:
        """Which of these wires the parameter of this number is on."""
        place = self.places[index]
        if "tiles" not in self.rings:
            return {"rows": place.row, "columns": place.column}
        return {"tiles": place.tile, "rows": place.tile_row, "columns": place.column}

    @cached_property
    def code_places(self) -> tuple[Place, ...]:
        """What makes codes differ: the places of the parameters, or of neurons as if they were cells."""
        return self.engine.code_places(self.shape.layers, self.places)

    @property
    def code_rows(self) -> int:
        """Of the places of codes."""
        return self.code_places[-1].row + 1 if self.asked.nodes else self.rows
