"""Sparse codes: which parameters are shaken now, and which ones rest?"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS, LFSR
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister

__all__ = ["Sparse"]


class Sparse(Block):
    """Drives the wires of :class:`mgd_hdl.config.SparseCode`, a 31-bit register for each halving.

    A cell is active where ``first_rows[r] ^ first_columns[c]`` is one, and the same of the second and third
    pair where there are such.

    Members
    -------
    load, seed : In(1), In(31)
        Go to perturbation 0.
    advance : In(1)
        Go to the next perturbation; ``load`` goes first. The wires follow one clock later.
    first_rows, first_columns, [second_rows, ...] : Out
        Of an array; a bank makes the bits of each word from ``states``.
    states : Out(31 for each pair)
        Of a bank: all registers.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {"load": In(1), "seed": In(LFSR.degree), "advance": In(1)}
        pairs = config.codes.sparse_code.pairs
        if config.bank:
            members["states"] = Out(len(pairs) * LFSR.degree)
        for row, column in () if config.bank else pairs:
            members |= {f"{row}s": Out(config.placement.rows), f"{column}s": Out(COLUMNS)}
        super().__init__(members)

    @property
    def module(self) -> str:
        return "sparse"

    def elaborate(self, platform):
        m = Module()
        code = self.config.codes.sparse_code
        states = []
        for pair, wires in enumerate(code.pairs):
            register = place(m, platform, f"register_{pair}", ShiftRegister())
            states.append(register.state)
            seed = self.seed
            if len(code.pairs) > 1:
                marks = code.marks(pair)
                key = Const(code.KEYS[pair] >> len(marks), LFSR.degree - len(marks))
                upper = self.seed.rotate_left(code.TURN * pair)[len(marks) :] ^ key
                seed = Cat(*(Const(bit, 1) for bit in marks), upper)
            m.d.comb += [
                register.load.eq(self.load),
                register.seed.eq(seed),
                register.advance.eq(self.advance),
            ]
            if not self.config.bank:
                self._drive(m, register.state, *(getattr(self, f"{name}s") for name in wires))
        if self.config.bank:
            m.d.comb += self.states.eq(Cat(*states))
        return m

    def _drive(self, m: Module, state: Value, rows: Signal, columns: Signal) -> None:
        """The wires of a pair."""
        m.d.comb += columns.eq(state[:COLUMNS])
        for number, taps in enumerate(self.config.codes.sparse_code.row_taps):
            mixed: Value = state[taps[0]]
            for tap in taps[1:]:
                mixed = mixed ^ state[tap]
            m.d.comb += rows[number].eq(mixed)
