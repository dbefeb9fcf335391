"""Before the first step: every parameter starts at a random value of its layer's size, or at a given one."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from ..scan import place_layout, scan_of

__all__ = ["Initializer"]


class Initializer(Block):
    """Clears all cells, then adds a random word to each, one cell after the other.

    Parameters need no load path: a cell at zero that takes a word holds that word. All cells are
    cleared twice, with a word of each sign, since a cell at its rail refuses one of them; with early
    enables once more, so that the first of them finds its cell cleared; serial cells are cleared once, by a
    word of -1. Then cells are addressed one by one in the order of their
    numbers; each takes the low bits of a random register as a signed word, shifted right until it
    spans (-initial, initial) of its layer.

    Given parameters (``config.given``) stand in a memory instead, which is read a word ahead, so block RAM
    will do. A T beyond its rail is more than one word can bring, so where there is any, all cells are gone
    through twice: the first word goes up to the rail, the second is the rest, taken as D is.

    Takes P + 2 clocks from the one after ``start``, with early enables P + 3, with serial cells P + 1
    times ``config.timing.word_clocks``, and the P of a second round; ``done`` is high in the last.

    Loaded codes need no address. First the chain is filled with positive codes, which takes P clocks more;
    all cells take what clears them; then a single negative code runs down the chain, and each word is for
    the cell that holds it.

    Members
    -------
    start, [seed] : In(1), In(31)
        Given parameters have no seed.
    busy, done : Out(1)
        ``busy``: the array must take the word and the address.
    clear : Out(1)
        All cells take zero.
    rows, columns : Out, one-hot
        Otherwise: the cell that takes the word.
    word : Out(D)
        Zero unless busy.
    load : Out(1), serial cells only
        Take the word now; all else is held while it passes.
    fill, sign, minus : Out(1), loaded codes only, instead of ``rows`` and ``columns``
        Shift a code of this sign into the chain, 1 for positive; the word is for negative codes.
    seek, place : In, tiles : Out, ``engine.access`` only, but not for loaded codes
        In place of ``rows`` over the whole array there are those of :class:`mgd_hdl.scan.PlacedScan`, which
        may be sent anywhere while not busy.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        #: Cells let every word pass before the next.
        self.lasting = config.timing.word_clocks > 1
        loads = {"load": Out(1)} if self.lasting else {}
        picks = {name: Out(size) for name, size in config.placement.rings.items()}
        if config.access:
            picks |= {"seek": In(1), "place": In(place_layout(config))}
        if config.facts.chain:
            picks = {"fill": Out(1), "sign": Out(1), "minus": Out(1)}
        seed = {} if config.given else {"seed": In(LFSR.degree)}
        super().__init__(
            {
                **loads,
                "start": In(1),
                **seed,
                "busy": Out(1),
                "done": Out(1),
                "clear": Out(1),
                **picks,
                "word": Out(shape(config.words.word)),
            }
        )

    @property
    def module(self) -> str:
        return "initializer"

    def elaborate(self, platform):
        m = Module()
        config, chain, clears = self.config, self.config.facts.chain, self.config.facts.clears
        scan: Any = place(m, platform, "scan", scan_of(config))
        loading = Signal()
        m.d.comb += scan.advance.eq(self.fill & ~self.clear if chain else loading)
        if config.staged and "restart" in scan.signature.members:
            m.d.comb += scan.restart.eq(self.start)
        again: Value | None = None
        if config.given:
            value, again = self._given(m, scan.last, loading)
        else:
            value = self._drawn(m, platform, scan, loading)
        last = scan.last if again is None else scan.last & again

        turn = Const(1, 1)
        if self.lasting:
            clock = Signal(range(config.timing.word_clocks))
            turn = Signal()
            m.d.comb += [
                turn.eq(clock == config.timing.word_clocks - 1),
                self.load.eq(self.busy & (clock == 0)),
            ]
            with m.If(self.start | turn):
                m.d.sync += clock.eq(0)
            with m.Else():
                m.d.sync += clock.eq(clock + 1)

        if not chain:
            m.d.comb += [getattr(self, name).eq(getattr(scan, name)) for name in config.placement.rings]
            if config.access:
                m.d.comb += [scan.seek.eq(self.seek), scan.place.eq(self.place)]
        first = "CLEAR_POSITIVE" if clears == 1 else "CLEAR_NEGATIVE"
        with m.FSM(name="phase"):
            with m.State("IDLE"), m.If(self.start):
                m.next = "FILL" if chain else first
            if chain:
                with m.State("FILL"):
                    m.d.comb += [self.busy.eq(1), self.fill.eq(1), self.sign.eq(1)]
                    with m.If(scan.last):
                        m.next = first
            if clears > 1:
                with m.State("CLEAR_NEGATIVE"):
                    m.d.comb += [self.busy.eq(1), self.clear.eq(1)]
                    m.next = "CLEAR_POSITIVE"
            if clears > 2:
                with m.State("CLEAR_AGAIN"):
                    m.d.comb += [self.busy.eq(1), self.clear.eq(1), self.word.eq(-1)]
                    m.next = "LOAD"
            with m.State("CLEAR_POSITIVE"):
                m.d.comb += [self.busy.eq(1), self.clear.eq(1), self.word.eq(-1)]
                if chain:  # the negative code enters
                    m.d.comb += self.fill.eq(1)
                with m.If(turn):
                    m.next = "CLEAR_AGAIN" if clears > 2 else "LOAD"
            with m.State("LOAD"):
                m.d.comb += [self.busy.eq(1), loading.eq(turn), self.word.eq(value)]
                if chain:
                    # For a second round another negative code enters behind the first.
                    sign = 1 if again is None else again | ~scan.last
                    m.d.comb += [self.fill.eq(1), self.sign.eq(sign), self.minus.eq(1)]
                m.d.comb += self.done.eq(last & turn)
                with m.If(last & turn):
                    m.next = "IDLE"
        return m

    def _drawn(self, m, platform, scan: Any, loading: Value) -> Value:
        """A random word, sized for the layer that owns the row, or the tile, where the scan is."""
        config = self.config
        by_tile = "tiles" in self.signature.members
        here = self.tiles if by_tile else scan.rows if config.facts.chain else self.rows
        register = place(m, platform, "register", ShiftRegister())
        m.d.comb += [
            register.load.eq(self.start),
            register.seed.eq(self.seed),
            register.advance.eq(loading),
        ]
        random = Signal(shape(config.words.parameter))
        m.d.comb += random.eq(register.state[: config.words.parameter.width])
        sizes: dict[int, int] = {}
        for tile in config.placement.tiles:
            shift = config.levels.initial_shift(tile.layer)
            owned = 1 << tile.index if by_tile else ((1 << tile.rows) - 1) << tile.first_row
            sizes[shift] = sizes.get(shift, 0) | owned
        sized, *others = [(random.shift_right(shift), rows) for shift, rows in sizes.items()]
        value = sized[0]
        for other, rows in others:
            value = Mux((here & rows).any(), other, value)
        return value

    def _given(self, m, last: Value, loading: Value) -> tuple[Value, Value | None]:
        """The word of the memory whose turn it is, and whether this is the second of two rounds."""
        words, width = self.config.given.table
        m.submodules.rom = rom = memory.Memory(shape=unsigned(width), depth=len(words), init=words)
        port = rom.read_port()
        at = Signal(range(len(words)))
        again = Signal(name="again") if self.config.given.rounds == 2 else None
        # The word of a clock is read in the clock before; after the last one comes the first.
        with m.If(~loading):
            m.d.comb += port.addr.eq(at)
        with m.Elif(last if again is None else last & again):
            m.d.comb += port.addr.eq(0)
        with m.Else():
            m.d.comb += port.addr.eq(at + 1)
        m.d.sync += at.eq(port.addr)
        if again is not None:
            with m.If(loading & last):
                m.d.sync += again.eq(~again)
        return port.data.as_signed(), again
