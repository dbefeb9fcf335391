"""A bank: parameters in block memories, one of them a lane, each read, updated and written as it comes by."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS, LFSR
from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import saturate, shape
from ..hierarchy import SINGLE_PORT, UNSET, Block, place
from ..lfsr import ShiftRegister
from ..scan import scan_lanes
from . import layer_ports
from .integrator import beyond_rail

__all__ = ["Lane", "Lanes", "Loader", "Products", "SinglePort", "state_bits"]

#: Memories of more words have no initial ones.
_LARGE = 4096


def state_bits(config: TrainerConfig) -> int:
    """Of what codes are made of: a step of Walsh codes, an index, a random state; of sparse codes above it
    those of all further registers.
    """
    indices = config.timing.lane_codes
    if indices.rows:
        return LFSR.degree * (1 + indices.pairs)
    return indices.bits if config.sequential else config.codes.walsh_code.counter_bits


class SinglePort(Block):
    """Half of a lane's words, of even addresses or of odd ones: in each clock one is read, or one written.

    Its memory has no initial words, and the attribute ``single_port``, by which a synthesizer can be told to
    take large memories for it.

    Members
    -------
    address : In
    writes, word : In(1), In(config.words.parameter)
        This is written there.
    there : Out(config.words.parameter)
        Otherwise the word that is there, a clock later.
    """

    def __init__(self, config: TrainerConfig):
        self.parameter = shape(config.words.parameter)
        self.depth = config.timing.lane.block_depth
        super().__init__(
            {
                "address": In(range(self.depth)),
                "writes": In(1),
                "word": In(self.parameter),
                "there": Out(self.parameter),
            }
        )

    @property
    def module(self) -> str:
        return "single_port"

    def elaborate(self, platform):
        m = Module()
        store = Memory(shape=self.parameter, depth=self.depth, init=[], attrs={SINGLE_PORT: 1})
        m.submodules.store = store
        reads = store.read_port()
        writes = store.write_port()
        m.d.comb += [
            reads.addr.eq(self.address),
            reads.en.eq(~self.writes),
            self.there.eq(reads.data),
            writes.addr.eq(self.address),
            writes.en.eq(self.writes),
            writes.data.eq(self.word),
        ]
        return m


class Lane(Block):
    """One lane: a memory of parameters, and all that a parameter needs when its word comes by.

    A word that is addressed in clock c is read then, kept in c + 1, meets its update in c + 2, is added to it
    in c + 3 and written in c + 4, when its visible bits are at the network too, its code a clock before. With
    single-port memories (``engine.memory``) it is written in c + 5: even words are in one memory and odd ones
    in another, of which one reads while the other writes. A
    parameter of the array engine takes +D where its code bit is 1, else -D, and none where it is beyond its
    rail and the word leads further out; so it is here, with the code of the measurement before, which is made
    anew beside that of this one. Of both codes the bits are, with
    :class:`mgd_hdl.config.engines.Indices` for indices,

    - Walsh: parity(index AND step), as :class:`mgd_hdl.config.WalshCode` defines it;
    - sequential: index = step; where it is not, nothing is taken;
    - random: the row of the index, in a table of the lane, is the mask of bits 16 to 30 of the state, beside
      the diagonal of column 0; with the bits of column and diagonal it makes
      :class:`mgd_hdl.config.RandomCode`. Where that is sparse, the row has the mask of bits 8 to 30 too, and
      the parameter is active, of either code, where it and the bit of the column make
      :class:`mgd_hdl.config.SparseCode` of each further register.

    Node by node the index is that of the word's neuron, and the table has a row for each of them: the mask,
    diagonal and column; what comes as +D and -D is already multiplied by the word's input.

    Parameters
    ----------
    config : TrainerConfig
    number : int
        Which lane it is: with random codes each has its own table.

    Members
    -------
    read, write : In
        Addresses of clock c, and of the clock in which the word is written.
    index : In(indices.bits)
        That of the code, in c + 1; random codes: in c - 1, with many stages in c - 2.
    past, now : In(state_bits)
        Step or state of the code whose update comes, and of that which shakes.
    plus, [minus] : In(config.words.word)
        +D and -D, which nobody takes of sequential codes.
    adds : In(1)
        The word takes its update, in c + 2.
    writes : In(1)
        It is written, in ``c + config.timing.lane.back``.
    load, theta : In(1), In(config.words.parameter)
        This is written instead.
    visible : Out(config.words.visible)
        In c + 4.
    code : Out(1)
        In c + 3.
    [active] : Out(1), sparse codes only
        In c + 3: it is shaken.
    [held] : Out(config.words.parameter), ``engine.access`` only
        T as it was, in c + 2.
    """

    def __init__(self, config: TrainerConfig, number: int = 0):
        self.config, self.number = config, number
        self.words, self.indices = config.timing.lane, config.timing.lane_codes
        self.depth, indices = self.words.depth, self.indices
        address = In(range(self.depth))
        super().__init__(
            {
                "read": address,
                "write": address,
                "index": In(indices.bits),
                "past": In(state_bits(config)),
                "now": In(state_bits(config)),
                "plus": In(shape(config.words.word)),
                **({} if config.sequential else {"minus": In(shape(config.words.word))}),
                "adds": In(1),
                "writes": In(1),
                "load": In(1),
                "theta": In(shape(config.words.parameter)),
                "visible": Out(shape(config.words.visible)),
                "code": Out(1),
                **({"active": Out(1)} if indices.pairs else {}),
                **({"held": Out(shape(config.words.parameter))} if config.access else {}),
            }
        )

    @property
    def module(self) -> str:
        return f"lane_{self.number}" if self.indices.rows else "lane"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        parameter = shape(config.words.parameter)
        there, writes = self._blocks(m, platform) if config.single_port else self._store(m)

        # c + 1: it is there; the bits of its two codes are made.
        kept = Signal(parameter, reset_less=True)
        was = Signal(reset_less=True)
        shaken = Signal(reset_less=True)
        past, now, *activity = self._bits(m)
        m.d.sync += [kept.eq(there), was.eq(past), shaken.eq(now)]

        # c + 2: does it take its word?
        word = Signal(shape(config.words.word))
        outward = Signal()
        taken = Signal.like(word, reset_less=True)
        m.d.comb += [
            word.eq(self.plus if config.sequential else Mux(was, self.plus, self.minus)),
            outward.eq(kept[-1] == word[-1]),
        ]
        takes = self.adds & was if config.sequential else self.adds
        if activity:
            takes = takes & self._learns(m, *activity)
        m.d.sync += taken.eq(Mux(takes & ~(beyond_rail(config, kept) & outward), word, 0))

        # c + 3: the sum, which never leaves T's range.
        updated = Signal(parameter, reset_less=True)
        m.d.sync += updated.eq(later(m, kept, "kept", 1) + taken)

        # c + 4; and later where the memories take turns.
        written = later(m, updated, "updated", self.words.back - self.words.turn)
        m.d.comb += [
            self.visible.eq(updated[config.words.guard_bits :].as_signed()),
            self.code.eq(later(m, shaken, "shaken", 1)),
            writes.addr.eq(self.write),
            writes.data.eq(Mux(self.load, self.theta, written)),
            writes.en.eq(self.load | self.writes),
            *([self.held.eq(kept)] if config.access else []),
        ]
        return m

    def _learns(self, m: Module, past: Value, now: Value) -> Value:
        """Sparse codes: whether the word takes its update, in c + 2, and in c + 3 whether it is shaken."""
        m.d.comb += self.active.eq(later(m, now, "active", 2))
        return later(m, past, "was_active", 1)

    def _store(self, m: Module) -> tuple[Value, Any]:
        """One memory: the word of ``read``, a clock later, and the port to write."""
        # No word that counts is read in the clock in which it is written: a sweep reads it once, and another
        # one begins after the last write. Where synthesis does not know that it adds registers and tables,
        # which keep what was there before: a fifth of a lane on an ECP5.
        attributes = {"no_rw_check": 1} | ({UNSET: 1} if self.depth > _LARGE else {})
        store = Memory(shape=shape(self.config.words.parameter), depth=self.depth, init=[], attrs=attributes)
        m.submodules.store = store
        reads = store.read_port()
        writes = store.write_port()
        m.d.comb += reads.addr.eq(self.read)
        return reads.data, writes

    def _blocks(self, m: Module, platform: Any) -> tuple[Value, Any]:
        """The same of two memories with one port each, word a in block a mod 2. No sweep reads from the one
        that is written; when the host writes, or the first parameters are set, nobody reads.
        """
        parameter = shape(self.config.words.parameter)
        stored = Signal(data.StructLayout({"addr": len(self.write), "data": parameter, "en": 1}))
        found = []
        for number in range(2):
            block = place(m, platform, f"block_{number}", SinglePort(self.config))
            m.d.comb += [
                block.writes.eq(stored.en & (stored.addr[0] == number)),
                block.address.eq(Mux(block.writes, stored.addr[1:], self.read[1:])),
                block.word.eq(stored.data),
            ]
            found.append(block.there)
        return Mux(later(m, self.read[0], "odd", 1), found[1], found[0]), stored

    def _bits(self, m: Module) -> list[Value]:
        """Those of both codes, in c + 1; of sparse codes then whether each is active."""
        if self.indices.rows:
            return self._random(m)
        if self.config.sequential:
            return [self.index == step for step in (self.past, self.now)]
        code = self.config.codes.walsh_code
        found = []
        for step in (self.past, self.now):
            always = step[-1] ^ step[-2] if code.sign_flip else step[-1]
            found.append((self.index & step[: code.place_bits]).xor() ^ always)
        return found

    def _random(self, m: Module) -> list[Value]:
        """The row comes from its table, with many stages through a register; then its bits are chosen; then
        all are one sum.
        """
        nodes, mask = self.indices.nodes, self.indices.mask_bits
        m.submodules.rows = rows = Memory(
            shape=self.indices.row_bits, depth=self.indices.table, init=self._rows()
        )
        row = rows.read_port()
        m.d.comb += row.addr.eq(self.index if nodes else self.index[3:])
        kept = max(0, self.words.lead - 2)
        bits = later(m, row.data, "row", kept)
        column = bits[-3:] if nodes else later(m, self.index[:3], "column", 1 + kept)
        own = bits[mask : mask + 3]
        diagonal = later(m, own if nodes else (own + column)[:3], "diagonal", 1)
        found: list[Value] = []
        for state, name in ((self.past, "past"), (self.now, "now")):
            masked = bits[:mask] & state[2 * COLUMNS : LFSR.degree]
            parts = Cat(masked[at : at + 4].xor() for at in range(0, len(masked), 4))
            parts = Cat(parts, state[:COLUMNS].bit_select(column, 1))
            chosen = later(m, parts, f"{name}_parts", 1)
            found.append(chosen.xor() ^ state[COLUMNS : 2 * COLUMNS].bit_select(diagonal, 1))
        if self.indices.pairs:
            sparse = bits[self.indices.sign_bits :]
            for state, name in ((self.past, "past"), (self.now, "now")):
                found.append(self._active(m, sparse, column, state[LFSR.degree :], name))
        return found

    def _active(self, m: Module, mask: Value, column: Value, states: Value, name: str) -> Value:
        """Sparse codes: whether the bits of row and column are odd in each register, in the clock behind."""
        active: Value = Const(1, 1)
        for pair in range(self.indices.pairs):
            state = states.word_select(pair, LFSR.degree)
            masked = mask & state[COLUMNS:]
            parts = Cat(masked[at : at + 8].xor() for at in range(0, len(masked), 8))
            parts = Cat(parts, state[:COLUMNS].bit_select(column, 1))
            active = active & later(m, parts, f"{name}_pair_{pair}", 1).xor()
        return active

    def _rows(self) -> list[int]:
        """Of every row the mask, and above it the diagonal of column 0, or of a neuron; those of no parameter
        are 0.
        """
        config, found, mask = self.config, [0] * self.indices.table, self.indices.mask_bits
        if self.indices.nodes:
            for index, number in self.indices.neurons(self.number):
                place = config.placement.code_places[number]
                found[index] = _mask(config, place.row) | (place.column << 3 | place.diagonal) << mask
            return found
        for index, number in self.indices.parameters(self.number):
            place = config.placement.places[number]
            assert place.column == index % COLUMNS
            turned = (place.diagonal - place.column) % COLUMNS
            found[index // COLUMNS] = _mask(config, place.row) | turned << mask
            if self.indices.pairs:
                taps = config.codes.sparse_code.row_taps[place.row]
                sparse = sum(1 << tap for tap in taps) >> COLUMNS
                found[index // COLUMNS] |= sparse << self.indices.sign_bits
        return found


def _mask(config: TrainerConfig, row: int) -> int:
    """The bits of a row, from bit 16 of the state on."""
    return sum(1 << tap for tap in config.codes.random_code.row_taps[row]) >> 2 * COLUMNS


class Products(Block):
    """Node by node: D times the input of each word, of the reference before, one product for all lanes.

    Inputs are kept in a memory as they are multiplied, in the place of those of the measurement before. So a
    word finds the old one until the measurement that goes on has passed it in the last group of its layer.

    D comes in clock c + 1 or before, and is 0 where nothing is to be taken. Where sweeps begin ahead there
    are two such memories, by turns: D is of the measurement before the one before, and so are its inputs.

    Members
    -------
    restart : In(1)
        D is 0 from now on.
    [clear], [go, passed, nothing] : In(1)
        As those of :class:`Lanes`.
    i : In(stream of D, always ready)
    which : In
        The input, in c.
    counted, keeps : In(config.words.counted), In(1)
        The input of the measurement that goes on, ``config.timing.sweep.reach`` clocks later, and that it is
        to be kept.
    plus, minus : Out(config.words.word)
        +D and -D times the input, limited, in c + 4.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        sweep = config.timing.sweep
        assert sweep is not None
        self.sweep = sweep
        word = Out(shape(config.words.word))
        super().__init__(
            {
                "restart": In(1),
                **({"go": In(1)} if config.sweeps_ahead else {}),
                **_settles(config),
                "i": In(stream.Signature(shape(config.words.update), always_ready=True)),
                **_inputs(config),
                "plus": word,
                "minus": word,
            }
        )

    @property
    def module(self) -> str:
        return "products"

    def elaborate(self, platform):
        m = Module()
        words = self.config.words
        counted = shape(words.counted)
        place: Value = self.which
        if self.config.sweeps_ahead:
            turn = Signal()
            m.d.sync += turn.eq(turn ^ self.go)
            place = Cat(self.which, turn)
        m.submodules.store = store = Memory(shape=counted, depth=1 << len(place), init=[])
        reads, writes = store.read_port(), store.write_port()
        update = Signal.like(self.i.payload, name="update", reset_less=True)
        there: Value = Signal(name="there")  # an update that is to be taken
        if self.config.sweeps_ahead:
            there = Const(1, 1)
            following, takes = _ahead(m, self, later(m, self.passed, "passed", self.sweep.lead, resets=True))
            with m.If(self.restart):
                m.d.sync += update.eq(0)
            with m.Elif(takes):
                m.d.sync += update.eq(following)
        else:
            with m.If(self.i.valid):
                m.d.sync += update.eq(self.i.payload)
            with m.If(self.restart):
                m.d.sync += there.eq(0)
            with m.Elif(self.i.valid):
                m.d.sync += there.eq(1)
            with m.Elif(self.clear):
                m.d.sync += there.eq(0)

        # c + 1: the input is there; c + 2: it is kept; c + 3: the product.
        x = Signal(counted, name="factor", reset_less=True)
        product = Signal(shape(words.product), reset_less=True)
        m.d.comb += reads.addr.eq(later(m, place, "read", self.sweep.lead - 2))
        m.d.sync += [
            x.eq(reads.data),
            product.eq(update * x),
        ]

        # c + 4.
        negative = Signal(signed(len(product) + 1))
        m.d.comb += negative.eq(-product)
        plus, _ = saturate(m, product, words.word, "limited")
        minus, _ = saturate(m, negative, words.word, "limited_negative")
        with m.If(there):
            m.d.sync += [self.plus.eq(plus), self.minus.eq(minus)]
        with m.Else():
            m.d.sync += [self.plus.eq(0), self.minus.eq(0)]

        m.d.comb += [
            writes.addr.eq(later(m, place, "which", self.sweep.reach)),
            writes.data.eq(self.counted),
            writes.en.eq(self.keeps),
        ]
        return m


def _inputs(config: TrainerConfig) -> dict:
    """Node by node: members by which the inputs of a measurement come to the products."""
    sweep = config.timing.sweep
    assert sweep is not None
    return {"which": In(sweep.input_bits), "counted": In(shape(config.words.counted)), "keeps": In(1)}


def _settles(config: TrainerConfig) -> dict:
    """Members that say of a sweep when its words have taken D."""
    return {"passed": In(1), "nothing": In(1)} if config.sweeps_ahead else {"clear": In(1)}


def _ahead(m: Module, block: Any, passes: Value) -> tuple[Value, Value]:
    """Where sweeps begin ahead: the D that words take next, and the clock in which they begin to.

    Each sweep takes what the one before the last has brought, whenever that came: behind the last word of a
    sweep (``passes``) the D that waits, or the first to come. That of the next sweep may wait meanwhile, but
    none behind it.

    Parameters
    ----------
    m : Module
    block : Lanes or Products
        Whose ``restart``, ``nothing`` and ``i`` are used.
    passes : Value
        The last word of a sweep is taking its D.
    """
    i = block.i
    waiting = Signal.like(i.payload, name="waiting")
    waits = Signal(name="update_waits")
    free = Signal(name="update_taken")  # by all words, and no other one is here
    takes = Signal(name="update_begins")
    m.d.comb += takes.eq((passes | free) & (waits | i.valid))
    with m.If(block.restart):  # before step 0 there are two sweeps that have brought nothing
        m.d.sync += [waiting.eq(0), waits.eq(1), free.eq(0)]
    with m.Else():
        m.d.sync += free.eq((passes | free) & ~takes)
        with m.If(block.nothing):
            m.d.sync += [waiting.eq(0), waits.eq(1)]
        with m.Elif(i.valid):
            m.d.sync += [waiting.eq(i.payload), waits.eq(waits | ~takes)]
        with m.Elif(takes):
            m.d.sync += waits.eq(0)
    return Mux(waits, waiting, i.payload), takes


def _fetched(config: TrainerConfig) -> dict:
    """Members of all lanes through which the host comes to a word."""
    return {
        "fetch": In(1),
        "at": In(config.engine.lanes),
        "held": Out(shape(config.words.parameter)),
    }


class Lanes(Block):
    """All lanes of a bank, and what they have in common: the steps of the codes, and D.

    The word of group g and input i holds, in lane l, the weight of this input into neuron ``g * lanes + l``
    of the layer; the last word of a group holds the biases.

    D of a step comes two clocks after the next sweep was commanded or later, when it is for any later sweep;
    that is soon enough for a word that is addressed in the clock behind the command. Where sweeps begin ahead
    a sweep takes D of the sweep before the last, with its code, and so it is D of that which has to be there.

    Members
    -------
    restart, [seed] : In(1), In(31)
        The codes begin anew, random ones from this seed, and D is 0.
    go, hold_end : In(1)
        A sweep is commanded; it is the last one with this code.
    [clear] : In(1)
        With ``go``: all parameters have taken D, and a new one is still to come.
    [passed, nothing] : In(1), where sweeps begin ahead, in place of it
        The last word of a sweep is addressed; a sweep is over that measured nothing, so that its D is 0.
    i : In(stream of D, always ready)
    address, index, [layer] : In
        Of a word: where it is, the index of lane 0's code, and its layer where lanes ask for it.
    [turn] : In(layers), layer by layer only
        Of the code that shakes next: one-hot, whose turn it is.
    [turns_now] : Out(layers), layer by layer only
        The same of the code that shakes in this sweep.
    [states] : In(31 for each pair of wires), sparse codes only
        Of the registers of :class:`mgd_hdl.perturb.sparse.Sparse`, for the code that shakes next.
    [which, counted, keeps] : In, node by node only
        Of :class:`Products`; c is the clock of the address.
    adds : In(1)
        It takes its update, and is written.
    load, place, theta : In
        One-hot, which lane is written before the first step, in the clock behind, where, and with what.
    [fetch, at, held] : In(1), In(lanes), Out(config.words.parameter), ``engine.access`` only
        While ``fetch`` is high ``place`` is read too; ``at`` is one-hot the lane whose word is ``held`` three
        clocks later.
    visible, codes : Out
        Of all lanes, four clocks after the address; codes three.
    [actives] : Out(lanes), sparse codes only
        With ``codes``: which words are shaken.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        lanes, sweep, indices = config.engine.lanes, config.timing.sweep, config.timing.indices
        assert sweep is not None
        assert indices is not None
        self.sweep, self.indices = sweep, indices
        super().__init__(
            {
                "restart": In(1),
                **({"seed": In(LFSR.degree)} if indices.rows else {}),
                "go": In(1),
                "hold_end": In(1),
                **_settles(config),
                "i": In(stream.Signature(shape(config.words.update), always_ready=True)),
                "address": In(range(sweep.depth)),
                "index": In(indices.bits),
                **({"layer": In(range(max(2, len(config.shape.layers))))} if indices.asks_layer else {}),
                **({"turn": In(len(config.shape.layers))} if indices.turns else {}),
                **({"turns_now": Out(len(config.shape.layers))} if indices.turns else {}),
                **({"states": In(indices.pairs * LFSR.degree)} if indices.pairs else {}),
                **(_inputs(config) if indices.nodes else {}),
                "adds": In(1),
                "load": In(lanes),
                "place": In(range(sweep.depth)),
                "theta": In(shape(config.words.parameter)),
                **(_fetched(config) if config.access else {}),
                "visible": Out(lanes * config.words.visible.width),
                "codes": Out(lanes),
                **({"actives": Out(lanes)} if indices.pairs else {}),
                **{
                    name: member
                    for name, member in layer_ports(config, lambda layer: {}).items()
                    if name.startswith("layer_")
                },
            }
        )

    @property
    def module(self) -> str:
        return "lanes"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        past, now = self._codes(m, platform)
        adds = [self._taking(m)]

        plus, minus = self._products(m, platform) if self.indices.nodes else self._words(m)
        lead = self.sweep.lead
        writes = lead + self.sweep.back
        for clock in range(1, writes + 1):
            adds.append(later(m, adds[-1], f"adds_{clock}", 1, resets=True))
        back = later(m, self.address, "address", writes)
        read: Value = later(m, self.address, "read", lead)
        if config.access:
            read = Mux(self.fetch, self.place, read)
        held: Value = Const(0, len(self.theta))
        # What is loaded comes from one place and goes to every lane: that way has a clock of its own.
        load = later(m, self.load, "load", 1, resets=True)
        loads = later(m, self.load.any(), "loads", 1, resets=True)
        to = later(m, self.place, "place", 1)
        theta = later(m, self.theta, "theta", 1)
        visible, codes, actives = [], [], []
        # A table is read ahead.
        own = self.index if self.indices.rows else later(m, self.index, "index", lead)
        for number in range(config.engine.lanes):
            lane = place(m, platform, f"lane_{number}", Lane(config, number))
            index = Signal(self.indices.bits, name=f"index_{number}", reset_less=True)
            steps = [self.indices.ahead(layer.index, number) for layer in config.shape.layers]
            ahead = Array(steps)[self.layer] if self.indices.by_layer else Const(steps[0])
            m.d.sync += index.eq(own + ahead)
            m.d.comb += [
                lane.read.eq(read),
                lane.write.eq(Mux(loads, to, back)),
                lane.index.eq(index),
                lane.past.eq(past),
                lane.now.eq(now),
                lane.plus.eq(plus),
                *([] if config.sequential else [lane.minus.eq(minus)]),
                lane.adds.eq(adds[lead + 2]),
                lane.writes.eq(adds[writes]),
                lane.load.eq(load[number]),
                lane.theta.eq(theta),
            ]
            if config.access:
                held = held | Mux(self.at[number], lane.held, 0)
            visible.append(lane.visible)
            codes.append(lane.code)
            actives += [lane.active] if self.indices.pairs else []
        m.d.comb += [self.visible.eq(Cat(*visible)), self.codes.eq(Cat(*codes))]
        if self.indices.pairs:
            m.d.comb += self.actives.eq(Cat(*actives))
        if config.access:
            m.d.sync += self.held.eq(held)
        return m

    def _taking(self, m: Module) -> Value:
        """Whether the word takes its update; layer by layer none is taken, nor written, while it was the turn
        of another layer.
        """
        if not self.indices.turns:
            return self.adds
        past = Signal.like(self.turn, name="turns_past")
        with m.If(self.go & ~self.restart):
            m.d.sync += [self.turns_now.eq(self.turn), past.eq(self.turns_now)]
        return self.adds & past.bit_select(self.layer, 1)

    def _words(self, m: Module) -> tuple[Value, Value]:
        """D and -D, for all words."""
        plus = Signal(shape(self.config.words.word))
        minus = Signal(shape(self.config.words.word))
        if self.config.sweeps_ahead:
            passes = later(m, self.passed, "passed", self.sweep.reach - 2, resets=True)
            following, takes = _ahead(m, self, passes)
            with m.If(self.restart):
                m.d.sync += [plus.eq(0), minus.eq(0)]
            with m.Elif(takes):
                m.d.sync += [plus.eq(following), minus.eq(-following)]
            return plus, minus
        with m.If(self.restart):
            m.d.sync += [plus.eq(0), minus.eq(0)]
        with m.Elif(self.i.valid):
            m.d.sync += [plus.eq(self.i.payload), minus.eq(-self.i.payload)]
        with m.Elif(self.go & self.clear):
            m.d.sync += [plus.eq(0), minus.eq(0)]
        return plus, minus

    def _products(self, m: Module, platform: Any) -> tuple[Value, Value]:
        """The same, times the input of the word that comes by."""
        products = place(m, platform, "products", Products(self.config))
        m.d.comb += [
            products.restart.eq(self.restart),
            *(
                [products.go.eq(self.go), products.passed.eq(self.passed), products.nothing.eq(self.nothing)]
                if self.config.sweeps_ahead
                else [products.clear.eq(self.go & self.clear)]
            ),
            products.i.payload.eq(self.i.payload),
            products.i.valid.eq(self.i.valid),
            *(getattr(products, name).eq(getattr(self, name)) for name in ("which", "counted", "keeps")),
        ]
        return products.plus, products.minus

    def _codes(self, m: Module, platform: Any) -> tuple[Signal, Signal]:
        """The step or state of the code whose update is taken, and of that which shakes."""
        following: Any = Signal(state_bits(self.config))  # of that which shakes next
        now = Signal(len(following))
        past = Signal(len(following))
        go, hold_end, older = self.go, self.hold_end, now
        if self.config.sweeps_ahead:
            # Of the sweep before the last; and all change only behind the last word of a sweep.
            older = Signal(len(following), name="between")
            clocks = self.sweep.lead + (not self.indices.rows)
            go, hold_end = (
                later(m, each, name, clocks, resets=True)
                for each, name in ((go, "begins"), (hold_end, "turns"))
            )
        shifts = [past.eq(older), *([older.eq(now)] if older is not now else [])]
        if self.indices.rows:
            register = place(m, platform, "register", ShiftRegister())
            following = Cat(register.state, self.states) if self.indices.pairs else register.state
            m.d.comb += [
                register.load.eq(self.restart),
                register.seed.eq(self.seed),
                register.advance.eq(go & hold_end),
            ]
            with m.If(go & ~self.restart):
                m.d.sync += [now.eq(following), *shifts]
            return past, now
        after = self._following(following, hold_end) if self.config.sequential else following + hold_end
        with m.If(self.restart):
            m.d.sync += following.eq(0)
        with m.Elif(go):
            m.d.sync += [following.eq(after), now.eq(following), *shifts]
        return past, now

    def _following(self, index: Signal, hold_end: Value) -> Value:
        """One parameter's turn after the other's, where a hold ends; each layer begins in a new row."""
        after: Value = index + hold_end
        layers = self.config.shape.layers
        for layer in layers:
            last = self.indices.first(layer.index) + layer.parameters - 1
            first = self.indices.first(layer.index + 1) if layer is not layers[-1] else 0
            if first != last + 1:
                after = Mux(hold_end & (index == last), first, after)
        return after


class Loader(Block):
    """Before the first step: a word to each parameter of a bank, in the order of their numbers.

    They are the random words of :class:`mgd_hdl.control.initializer.Initializer`, or the given T, from a
    memory. Takes P + 1 clocks from the one
    after ``start``; ``done`` is high in the last.

    Members
    -------
    start, [seed] : In(1), In(31)
        The seed of random words.
    busy, done : Out(1)
    load : Out(lanes)
        One-hot while busy: the lane.
    place, theta : Out
        The address, and T; of a single layer outside without the highest bits, which are all its sign.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        # Of a single layer alone copies of the sign would be named by one another, which lint takes for a
        # loop: whoever takes the word puts them there.
        alone = config.outside and len(config.shape.layers) == 1 and not config.given
        copies = config.levels.initial_shift(0) if alone else 0
        super().__init__(
            {
                "start": In(1),
                **({} if config.given else {"seed": In(LFSR.degree)}),
                "busy": Out(1),
                "done": Out(1),
                "load": Out(config.engine.lanes),
                "place": Out(range(config.timing.lane.depth)),
                "theta": Out(signed(config.words.parameter.width - copies)),
            }
        )

    @property
    def module(self) -> str:
        return "initializer"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        writing = Signal()
        if not config.given:
            register = place(m, platform, "register", ShiftRegister())
            m.d.comb += [
                register.load.eq(self.start),
                register.seed.eq(self.seed),
                register.advance.eq(writing),
            ]

        scan = scan_lanes(m, config, self.start, writing)
        ends = Signal()
        m.d.sync += self.done.eq(ends)
        m.d.comb += [
            self.load.eq(Mux(writing, scan.lane, 0)),
            self.place.eq(scan.place),
            ends.eq(writing & scan.last),
            self.busy.eq(writing | self.done),
        ]
        if config.given:
            words, width = config.given.table
            m.submodules.rom = rom = Memory(shape=width, depth=len(words), init=words)
            reads = rom.read_port()
            # The word of a clock is read in the clock before.
            at = Signal(range(len(words) + 1))
            m.d.comb += [reads.addr.eq(Mux(writing, at + 1, 0)), self.theta.eq(reads.data.as_signed())]
            m.d.sync += at.eq(reads.addr)
        else:
            random = Signal(shape(config.words.parameter))
            m.d.comb += random.eq(register.state[: config.words.parameter.width])
            shifts = [config.levels.initial_shift(each.index) for each in config.shape.layers]
            m.d.comb += self.theta.eq(Array(random.shift_right(shift) for shift in shifts)[scan.layer])

        with m.If(self.start):
            m.d.sync += writing.eq(1)
        with m.Elif(ends):
            m.d.sync += writing.eq(0)
        return m
