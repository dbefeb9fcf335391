"""Before the first step: every parameter starts at a random value of its layer's size."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS, LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from ..scan import Scan

__all__ = ["Initializer"]


class Initializer(Block):
    """Clears all cells, then adds a random word to each, one cell a clock.

    Parameters need no load path: a cell at zero that takes a word holds that word. All cells are
    cleared for two clocks, with a word of each sign, since a cell at its rail refuses one of them.
    Then cells are addressed one by one in the order of their numbers; each
    takes the low bits of a random register as a signed word, shifted right until it spans
    (-initial, initial) of its layer.

    Takes P + 2 clocks from the one after ``start``; ``done`` is high in the last.

    Members
    -------
    start, seed : In(1), In(31)
    busy, done : Out(1)
        ``busy``: the array must take the word and the address.
    clear : Out(1)
        All cells take zero.
    rows, columns : Out, one-hot
        Otherwise: the cell that takes the word.
    word : Out(D)
        Zero unless busy.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "start": In(1),
                "seed": In(LFSR.degree),
                "busy": Out(1),
                "done": Out(1),
                "clear": Out(1),
                "rows": Out(config.rows),
                "columns": Out(COLUMNS),
                "word": Out(shape(config.update)),
            }
        )

    @property
    def module(self) -> str:
        return "initializer"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        scan = place(m, platform, "scan", Scan(config))
        register = place(m, platform, "register", ShiftRegister())
        loading = Signal()
        m.d.comb += [
            register.load.eq(self.start),
            register.seed.eq(self.seed),
            register.advance.eq(loading),
            scan.advance.eq(loading),
        ]

        # A random word, sized for the layer that owns the row.
        random = Signal(shape(config.parameter))
        m.d.comb += random.eq(register.state[: config.parameter.width])
        sizes: dict[int, int] = {}
        for tile in config.tiles:
            shift = config.initial_shift(tile.layer)
            sizes[shift] = sizes.get(shift, 0) | ((1 << tile.rows) - 1) << tile.first_row
        sized, *others = [(random >> shift, rows) for shift, rows in sizes.items()]
        value = sized[0]
        for other, rows in others:
            value = Mux((self.rows & rows).any(), other, value)

        m.d.comb += [self.rows.eq(scan.rows), self.columns.eq(scan.columns)]
        with m.FSM(name="phase"):
            with m.State("IDLE"), m.If(self.start):
                m.next = "CLEAR_NEGATIVE"
            with m.State("CLEAR_NEGATIVE"):
                m.d.comb += [self.busy.eq(1), self.clear.eq(1)]
                m.next = "CLEAR_POSITIVE"
            with m.State("CLEAR_POSITIVE"):
                m.d.comb += [self.busy.eq(1), self.clear.eq(1), self.word.eq(-1)]
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.comb += [self.busy.eq(1), loading.eq(1), self.word.eq(value)]
                m.d.comb += self.done.eq(scan.last)
                with m.If(scan.last):
                    m.next = "IDLE"
        return m
