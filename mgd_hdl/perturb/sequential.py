"""Sequential perturbation: one parameter is shaken at a time, so its cost change is its own."""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..scan import Scan

__all__ = ["Sequential"]


class Sequential(Block):
    """Drives one row and one column wire; the cell at their crossing is perturbed.

    In plain order the wires are two one-hot rings. In shuffled order a table of
    ``config.codes.sequence`` gives the place for each turn.

    Members
    -------
    load : In(1)
        Go to the first turn.
    advance : In(1)
        Go to the next turn; ``load`` goes first. The wires follow one clock later.
    rows, columns : Out, one-hot
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {"load": In(1), "advance": In(1), "rows": Out(config.placement.rows), "columns": Out(COLUMNS)}
        )

    @property
    def module(self) -> str:
        return "sequential"

    def elaborate(self, platform):
        m = Module()
        if self.config.perturbation.order == "plain":
            scan = place(m, platform, "scan", Scan(self.config))
            m.d.comb += [
                scan.restart.eq(self.load),
                scan.advance.eq(self.advance),
                self.rows.eq(scan.rows),
                self.columns.eq(scan.columns),
            ]
            return m
        # Shuffled: turn -> place from a table.
        places = [self.config.placement.places[number] for number in self.config.codes.sequence]
        turn = Signal(range(len(places)))
        with m.If(self.load | (self.advance & (turn == len(places) - 1))):
            m.d.sync += turn.eq(0)
        with m.Elif(self.advance):
            m.d.sync += turn.eq(turn + 1)
        row = Signal(range(max(2, self.config.placement.rows)))
        column = Signal(range(COLUMNS))
        table = Array(Const(p.row * COLUMNS + p.column, len(row) + 3) for p in places)
        here = table[turn]
        m.d.comb += [
            column.eq(here[:3]),
            row.eq(here[3:]),
            self.rows.eq(Const(1, self.config.placement.rows) << row),
            self.columns.eq(Const(1, COLUMNS) << column),
        ]
        return m
