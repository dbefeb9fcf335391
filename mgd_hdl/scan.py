"""One place after another: walks over all cells of an array in the order of their numbers."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from .config.trainer import TrainerConfig
from .hierarchy import Block

__all__ = ["Scan"]


class Scan(Block):
    """Two one-hot rings, a row and a column: their crossing is the place.

    Rings need no decoder, and they are the very wires that address a cell. The last row of a
    tile may be short; the column ring turns early there.

    Members
    -------
    restart : In(1)
        Go to parameter 0; goes before ``advance``.
    advance : In(1)
        Go to the next parameter; after the last comes the first.
    rows, columns : Out, one-hot
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "restart": In(1),
                "advance": In(1),
                "rows": Out(config.placement.rows, init=1),
                "columns": Out(config.placement.columns, init=1),
            }
        )

    @property
    def module(self) -> str:
        return "scan"

    @property
    def last(self) -> Value:
        """Whether the place is that of the last parameter."""
        return self.rows[-1] & self.columns[self.config.placement.places[-1].column]

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # Where does a row end? After its last column, or where it is short.
        row_end = Signal()
        ends = self.columns[-1]
        lasts = {place.row: place.column for place in config.placement.places}
        for row, column in lasts.items():
            if column < config.placement.columns - 1:
                ends = ends | (self.rows[row] & self.columns[column])
        m.d.comb += row_end.eq(ends)
        with m.If(self.restart | (self.advance & self.last)):
            m.d.sync += [self.rows.eq(1), self.columns.eq(1)]
        with m.Elif(self.advance & row_end):
            m.d.sync += [self.rows.eq(self.rows << 1), self.columns.eq(1)]
        with m.Elif(self.advance):
            m.d.sync += self.columns.eq(self.columns << 1)
        return m
