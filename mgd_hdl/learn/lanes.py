"""A bank: parameters in block memories, one of them a lane, each read, updated and written as it comes by."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from . import layer_ports
from .integrator import beyond_rail

__all__ = ["Lane", "Lanes", "Loader"]


class Lane(Block):
    """One lane: a memory of parameters, and all that a parameter needs when its word comes by.

    A word that is addressed in clock c is read then, kept in c + 1, meets its update in c + 2, is added to it
    in c + 3 and written in c + 4, when its visible bits and its code are at the network too. A parameter of
    the array engine takes +D where its code bit is 1, else -D, and none where it is beyond its rail and the
    word leads further out; so it is here, with the code of the measurement before, which is made anew beside
    that of this one: parity(index AND step), as :class:`mgd_hdl.config.WalshCode` defines it.

    Members
    -------
    read, write : In
        Addresses of clock c, and c + 4.
    index : In(place_bits)
        That of the parameter's code, in c + 1.
    past, now : In(counter_bits)
        Step of the code whose update comes, and of that which shakes.
    plus, minus : In(config.words.word)
        +D and -D.
    adds : In(1)
        The word takes its update, in c + 2.
    writes : In(1)
        It is written, in c + 4.
    load, theta : In(1), In(config.words.parameter)
        This is written instead.
    visible : Out(config.words.visible), code : Out(1)
        In c + 4.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        code, sweep = config.codes.walsh_code, config.timing.sweep
        assert sweep is not None
        self.depth = sweep.depth
        address = In(range(self.depth))
        super().__init__(
            {
                "read": address,
                "write": address,
                "index": In(code.place_bits),
                "past": In(code.counter_bits),
                "now": In(code.counter_bits),
                "plus": In(shape(config.words.word)),
                "minus": In(shape(config.words.word)),
                "adds": In(1),
                "writes": In(1),
                "load": In(1),
                "theta": In(shape(config.words.parameter)),
                "visible": Out(shape(config.words.visible)),
                "code": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "lane"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        parameter = shape(config.words.parameter)
        m.submodules.store = store = Memory(shape=parameter, depth=self.depth, init=[])
        reads = store.read_port()
        writes = store.write_port()
        m.d.comb += reads.addr.eq(self.read)

        # c + 1: it is there; the bits of its two codes are made.
        kept = Signal(parameter, reset_less=True)
        was = Signal(reset_less=True)
        shaken = Signal(reset_less=True)
        m.d.sync += [kept.eq(reads.data), was.eq(self._bit(self.past)), shaken.eq(self._bit(self.now))]

        # c + 2: does it take its word?
        word = Signal(shape(config.words.word))
        outward = Signal()
        taken = Signal.like(word, reset_less=True)
        m.d.comb += [
            word.eq(Mux(was, self.plus, self.minus)),
            outward.eq(kept[-1] == word[-1]),
        ]
        m.d.sync += taken.eq(Mux(self.adds & ~(beyond_rail(config, kept) & outward), word, 0))

        # c + 3: the sum, which never leaves T's range.
        updated = Signal(parameter, reset_less=True)
        m.d.sync += updated.eq(later(m, kept, "kept", 1) + taken)

        # c + 4.
        m.d.comb += [
            self.visible.eq(updated[config.words.guard_bits :].as_signed()),
            self.code.eq(later(m, shaken, "shaken", 2)),
            writes.addr.eq(self.write),
            writes.data.eq(Mux(self.load, self.theta, updated)),
            writes.en.eq(self.load | self.writes),
        ]
        return m

    def _bit(self, step: Signal):
        """Of the code at a step."""
        code = self.config.codes.walsh_code
        always = step[-1] ^ step[-2] if code.sign_flip else step[-1]
        return (self.index & step[: code.place_bits]).xor() ^ always


class Lanes(Block):
    """All lanes of a bank, and what they have in common: the steps of the codes, and D.

    The word of group g and input i holds, in lane l, the weight of this input into neuron ``g * lanes + l``
    of the layer; the last word of a group holds the biases.

    D of a step comes two clocks after the next sweep was commanded or later, when it is for any later sweep;
    that is soon enough for a word that is addressed in the clock behind the command.

    Members
    -------
    restart : In(1)
        The codes begin anew, and D is 0.
    go, hold_end : In(1)
        A sweep is commanded; it is the last one with this code.
    clear : In(1)
        With ``go``: all parameters have taken D, and a new one is still to come.
    i : In(stream of D, always ready)
    address, index, [layer] : In
        Of a word: where it is, the index of lane 0's code, and its layer where lanes ask for it.
    adds : In(1)
        It takes its update, and is written.
    load, place, theta : In
        One-hot, which lane is written before the first step, where, and with what.
    visible, codes : Out
        Of all lanes, four clocks after the address.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        lanes, code, sweep = config.engine.lanes, config.codes.walsh_code, config.timing.sweep
        assert sweep is not None
        self.sweep = sweep
        super().__init__(
            {
                "restart": In(1),
                "go": In(1),
                "hold_end": In(1),
                "clear": In(1),
                "i": In(stream.Signature(shape(config.words.update), always_ready=True)),
                "address": In(range(sweep.depth)),
                "index": In(code.place_bits),
                **({"layer": In(range(max(2, len(config.shape.layers))))} if sweep.by_layer else {}),
                "adds": In(1),
                "load": In(lanes),
                "place": In(range(sweep.depth)),
                "theta": In(shape(config.words.parameter)),
                "visible": Out(lanes * config.words.visible.width),
                "codes": Out(lanes),
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
        config, code = self.config, self.config.codes.walsh_code

        # The step of the code that shakes next, that shakes, and whose update is taken.
        following = Signal(code.counter_bits)
        now = Signal(code.counter_bits)
        past = Signal(code.counter_bits)
        with m.If(self.restart):
            m.d.sync += following.eq(0)
        with m.Elif(self.go):
            m.d.sync += [following.eq(following + self.hold_end), now.eq(following), past.eq(now)]

        plus = Signal(shape(config.words.word))
        minus = Signal(shape(config.words.word))
        with m.If(self.restart):
            m.d.sync += [plus.eq(0), minus.eq(0)]
        with m.Elif(self.i.valid):
            m.d.sync += [plus.eq(self.i.payload), minus.eq(-self.i.payload)]
        with m.Elif(self.go & self.clear):
            m.d.sync += [plus.eq(0), minus.eq(0)]

        adds = [self.adds]
        for clock in range(1, self.sweep.reach + 1):
            adds.append(later(m, adds[-1], f"adds_{clock}", 1, resets=True))
        back = later(m, self.address, "address", self.sweep.reach)
        visible, codes = [], []
        for number in range(config.engine.lanes):
            lane = place(m, platform, f"lane_{number}", Lane(config))
            index = Signal(code.place_bits, name=f"index_{number}", reset_less=True)
            steps = [number * (layer.inputs + 1) for layer in config.shape.layers]
            ahead = Array(steps)[self.layer] if self.sweep.by_layer else Const(steps[0])
            m.d.sync += index.eq(self.index + ahead)
            m.d.comb += [
                lane.read.eq(self.address),
                lane.write.eq(Mux(self.load.any(), self.place, back)),
                lane.index.eq(index),
                lane.past.eq(past),
                lane.now.eq(now),
                lane.plus.eq(plus),
                lane.minus.eq(minus),
                lane.adds.eq(adds[2]),
                lane.writes.eq(adds[4]),
                lane.load.eq(self.load[number]),
                lane.theta.eq(self.theta),
            ]
            visible.append(lane.visible)
            codes.append(lane.code)
        m.d.comb += [self.visible.eq(Cat(*visible)), self.codes.eq(Cat(*codes))]
        return m


class Loader(Block):
    """Before the first step: a random word to each parameter of a bank, in the order of their numbers.

    They are the words of :class:`mgd_hdl.control.initializer.Initializer`. Takes P + 1 clocks from the one
    after ``start``; ``done`` is high in the last.

    Members
    -------
    start, seed : In(1), In(31)
    busy, done : Out(1)
    load : Out(lanes)
        One-hot while busy: the lane.
    place, theta : Out
        The address, and T.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        sweep = config.timing.sweep
        assert sweep is not None
        self.sweep = sweep
        super().__init__(
            {
                "start": In(1),
                "seed": In(LFSR.degree),
                "busy": Out(1),
                "done": Out(1),
                "load": Out(config.engine.lanes),
                "place": Out(range(sweep.depth)),
                "theta": Out(shape(config.words.parameter)),
            }
        )

    @property
    def module(self) -> str:
        return "initializer"

    def elaborate(self, platform):
        m = Module()
        config, lanes, layers = self.config, self.config.engine.lanes, self.config.shape.layers
        register = place(m, platform, "register", ShiftRegister())
        writing = Signal()
        m.d.comb += [
            register.load.eq(self.start),
            register.seed.eq(self.seed),
            register.advance.eq(writing),
        ]

        layer = Signal(range(max(2, len(layers))))
        neuron = Signal(range(max(2, *(each.neurons for each in layers))))
        word = Signal(range(max(each.inputs + 1 for each in layers)))
        lane = Signal(lanes, init=1)
        first = Signal(range(self.sweep.depth))  # of the group
        last_word = Signal()
        last_neuron = Signal()
        ends = Signal()
        m.d.sync += self.done.eq(ends)
        m.d.comb += [
            last_word.eq(word == Array(each.inputs for each in layers)[layer]),
            last_neuron.eq(neuron == Array(each.neurons - 1 for each in layers)[layer]),
            self.load.eq(Mux(writing, lane, 0)),
            self.place.eq(first + word),
            ends.eq(writing & last_word & last_neuron & (layer == len(layers) - 1)),
            self.busy.eq(writing | self.done),
        ]
        random = Signal(shape(config.words.parameter))
        m.d.comb += random.eq(register.state[: config.words.parameter.width])
        shifted = [random.shift_right(config.levels.initial_shift(each.index)) for each in layers]
        m.d.comb += self.theta.eq(Array(shifted)[layer])

        with m.If(self.start):
            m.d.sync += [
                writing.eq(1),
                *(each.eq(each.init) for each in (layer, neuron, word, lane, first)),
            ]
        with m.Elif(writing):
            m.d.sync += word.eq(word + 1)
            with m.If(last_word):
                m.d.sync += [word.eq(0), neuron.eq(neuron + 1), lane.eq(lane.rotate_left(1))]
                with m.If(last_neuron | lane[-1]):
                    m.d.sync += first.eq(first + word + 1)
                with m.If(last_neuron):
                    m.d.sync += [neuron.eq(0), lane.eq(1), layer.eq(layer + 1)]
            with m.If(ends):
                m.d.sync += writing.eq(0)
        return m
