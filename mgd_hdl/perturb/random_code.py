"""Random codes: every parameter is shaken by its own mixture of one register's bits."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS, LFSR
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister

__all__ = ["RandomCode"]


class RandomCode(Block):
    """Drives the wires of :class:`mgd_hdl.config.RandomCode` from a 31-bit register.

    The code bit of a cell is ``rows[r] ^ columns[c] ^ diagonals[d]``. Polynomial
    x^31 + x^3 + 1, 28 new bits a step; the phase of a parameter is its combination of state bits.

    Members
    -------
    load, seed : In(1), In(31)
        Go to step 0.
    advance : In(1)
        Go to the next step; ``load`` goes first. The wires follow one clock later.
    rows, columns, [diagonals] : Out
        Without diagonals it drives cells that have only rows and columns.
    """

    def __init__(self, config: TrainerConfig, diagonals: bool = True):
        self.config = config
        self.diagonal = diagonals
        super().__init__(
            {
                "load": In(1),
                "seed": In(LFSR.degree),
                "advance": In(1),
                "rows": Out(config.placement.code_rows),
                "columns": Out(COLUMNS),
                **({"diagonals": Out(COLUMNS)} if diagonals else {}),
            }
        )

    @property
    def module(self) -> str:
        return "random_code" if self.diagonal else "random_code_plain"

    def elaborate(self, platform):
        m = Module()
        register = place(m, platform, "register", ShiftRegister())
        m.d.comb += [
            register.load.eq(self.load),
            register.seed.eq(self.seed),
            register.advance.eq(self.advance),
            self.columns.eq(register.state[:COLUMNS]),
        ]
        if self.diagonal:
            m.d.comb += self.diagonals.eq(register.state[COLUMNS : 2 * COLUMNS])
        for row, taps in enumerate(self.config.codes.random_code.row_taps):
            mixed = register.state[taps[0]]
            for tap in taps[1:]:
                mixed = mixed ^ register.state[tap]
            m.d.comb += self.rows[row].eq(mixed)
        return m
