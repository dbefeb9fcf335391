"""Walsh codes: orthogonal over one period, and nothing to store but a counter."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["Walsh"]


class Walsh(Block):
    """Drives the wires of :class:`mgd_hdl.config.WalshCode` from a step counter.

    parity(index AND step) splits over the index bits: the row's and the column's parts are made
    once per wire, and the bit that is set in every index joins the rows, or the two of ``sign_flip``.

    Members
    -------
    load : In(1)
        Go to step 0.
    advance : In(1)
        Go to the next step; ``load`` goes first. The wires follow one clock later.
    rows, columns : Out
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "load": In(1),
                "advance": In(1),
                "rows": Out(config.placement.code_rows),
                "columns": Out(COLUMNS),
            }
        )

    @property
    def module(self) -> str:
        return "walsh"

    def elaborate(self, platform):
        m = Module()
        code = self.config.codes.walsh_code
        step = Signal(code.counter_bits)
        with m.If(self.load):
            m.d.sync += step.eq(0)
        with m.Elif(self.advance):
            m.d.sync += step.eq(step + 1)
        column_part, row_part = step[:3], step[3 : code.place_bits]
        always = step[-1] ^ step[-2] if code.sign_flip else step[-1]
        for column in range(COLUMNS):
            m.d.comb += self.columns[column].eq((column_part & column).xor())
        for row in range(code.rows):
            m.d.comb += self.rows[row].eq((row_part & row).xor() ^ always)
        return m
