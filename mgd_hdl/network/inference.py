"""Inference: inputs from outside pass the network between two steps, and their outputs wait to be taken."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from ..page import into_memory, numbers

__all__ = [
    "FoldedInference",
    "Inference",
    "PagedInference",
    "answer_stream",
    "folded_inference",
    "input_stream",
]


def folded_inference(config: TrainerConfig) -> FoldedInference:
    """The door to the network of a bank: inputs come together, or one a clock where a sample does."""
    return (PagedInference if config.paged else FoldedInference)(config)


def input_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of inputs of the network, input 0 lowest; of {x, first} where they come one by one: an input,
    and whether it is input 0.
    """
    if config.paged:
        return stream.Signature(data.StructLayout({"x": shape(config.formats.input), "first": 1}))
    return stream.Signature(_inputs(config))


def answer_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of outputs of the network, output 0 lowest."""
    return stream.Signature(_outputs(config))


def _inputs(config: TrainerConfig) -> data.ArrayLayout:
    return data.ArrayLayout(shape(config.formats.input), config.inputs)


def _outputs(config: TrainerConfig) -> data.ArrayLayout:
    return data.ArrayLayout(shape(config.shape.layers[-1].output), config.outputs)


def _door(config: TrainerConfig, *says: str) -> dict[str, Any]:
    """Members of both blocks: the streams, and the door between them and training, with what it ``says``."""
    return {
        "i": In(input_stream(config)),
        "o": Out(answer_stream(config)),
        "wanted": In(1),
        "open": In(1),
        **dict.fromkeys(says, Out(1)),
    }


def _network(config: TrainerConfig) -> dict[str, Any]:
    """Members of both: what the network is to see, and what it answers."""
    x = shape(config.formats.input) if config.paged else _inputs(config)
    return {"x": Out(x), "shows": Out(1), "y": In(_outputs(config))}


class Inference(Block):
    """A door through which inputs go to the network, whose parameters rest meanwhile, and outputs come back.

    An input begins like a measurement that nobody measures: where that is commanded in clock t the parameters
    of layer k rest when it comes there, and the outputs are taken in ``t + config.timing.answer_latency``.
    The network is that of training, whose later steps are behind it, so it cannot stand still for a slow
    reader. Instead an input begins only where there is room for its answer, in a memory of
    ``config.timing.answer_places``: enough for one input a clock, with serial cells for one in
    ``config.timing.measure_clocks``. Two clocks after it came an answer is at ``o``, if none is before it.

    Where a step waits too they take turns: after each input one clock is left in which it may begin.

    Members
    -------
    i : In(stream of inputs); o : Out(stream of outputs)
        ``i.ready`` waits for ``i.valid``, and for the door. It comes when the network takes the input: with
        the command, or with serial cells, which still read the input before, a few clocks later.
    wanted : In(1)
        Training would begin a step in this clock.
    open : In(1); asks, inside, owes : Out(1)
        Of a :class:`mgd_hdl.site.Door`.
    passes : Out(layers)
        Bit k: an input comes to layer k, in the clock in which its parameters have to be told.
    x, shows : Out(inputs), Out(1)
        While ``shows`` is high the network is to see ``x``, in place of a sample.
    y : In(outputs)
        Of the network.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                **_door(config, "asks", "inside", "owes"),
                "passes": Out(len(config.shape.layers)),
                **_network(config),
            }
        )

    @property
    def module(self) -> str:
        return "inference"

    def elaborate(self, platform):
        m = Module()
        timing = self.config.timing

        # A measurement keeps serial cells busy, and the door with them.
        begins = Signal()
        ends = Signal()
        busy = Signal(range(timing.measure_clocks))
        with m.If(begins):
            m.d.sync += busy.eq(timing.measure_clocks - 1)
        with m.Elif(busy.any()):
            m.d.sync += busy.eq(busy - 1)
        m.d.comb += ends.eq(begins if timing.measure_clocks == 1 else busy == 1)

        # Training's turn comes after each input.
        turn = Signal()
        room = Signal()
        waits = Signal()
        m.d.sync += turn.eq(ends & self.wanted)
        m.d.comb += [
            waits.eq(self.i.valid & room & ~turn & ~busy.any()),
            self.asks.eq(waits | busy.any()),
            begins.eq(waits & self.open),
        ]
        passed = Signal(timing.answer_latency)
        m.d.sync += passed.eq(Cat(begins, passed))
        past = Cat(begins, passed)
        told = [
            timing.layer_offset(layer.index) - timing.weight_latency for layer in self.config.shape.layers
        ]
        m.d.comb += [
            self.passes.eq(Cat(past[clock] for clock in told)),
            self.inside.eq(passed.any()),
        ]

        # x is for the network in the clock after it was taken, of serial cells until its last bits are there.
        take = past[timing.input_wait]
        m.d.comb += self.i.ready.eq(take)
        x = Signal.like(self.i.payload, name="x_kept", reset_less=True)
        m.d.comb += self.x.eq(x)
        with m.If(take):
            m.d.sync += [x.eq(self.i.payload), self.shows.eq(1)]
        with m.Elif(past[timing.input_wait + timing.measure_clocks]):
            m.d.sync += self.shows.eq(0)
        self._answers(m, begins, room, passed[-1])
        return m

    def _answers(self, m: Module, begins: Signal, room: Signal, comes: Signal) -> None:
        """The queue, and how many places are promised or full."""
        places = self.config.timing.answer_places
        taken = Signal()
        m.d.comb += taken.eq(self.o.valid & self.o.ready)
        promised = Signal(range(places + 1))
        m.d.sync += promised.eq(promised + begins - taken)
        m.d.comb += [room.eq(~promised[-1]), self.owes.eq(promised != 0)]

        m.submodules.answers = answers = Memory(shape=len(self.y.as_value()), depth=places, init=[])
        writes, reads = answers.write_port(), answers.read_port()
        written = Signal(range(places))
        read = Signal(range(places))
        there = Signal(range(places + 1))
        came = Signal()
        m.d.sync += [
            came.eq(comes),
            written.eq(written + comes),
            read.eq(read + taken),
            there.eq(there + came - taken),
        ]
        m.d.comb += [
            writes.addr.eq(written),
            writes.data.eq(self.y.as_value()),
            writes.en.eq(comes),
            # What is read now is there in the next clock.
            reads.addr.eq(read + taken),
            reads.en.eq(1),
            self.o.payload.eq(reads.data),
            self.o.valid.eq(there.any()),
        ]


class FoldedInference(Block):
    """The same door to a folded network: a sweep for each input, in which nothing is shaken or learned.

    A sweep takes its time, so one input is under way at a time and begins when the answer before it is taken.
    An input that is taken in clock t is swept from t + 1 on and its answer at ``o`` in ``t + 2 +
    config.timing.sweep.answered``; with a reader that waits the next one may begin in the clock behind.

    Members
    -------
    i, o, wanted, open, asks, owes
        As of :class:`Inference`; ``i.ready`` comes in the clock in which the input begins.
    free : In(1); begins : Out(1)
        No sweep is under way; one is to begin in the next clock.
    over : In(1)
        Its outputs are at ``y``.
    x, shows, y
        As of :class:`Inference`; while it ``shows`` an input that one is inside.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(self._members())

    def _members(self) -> dict[str, Any]:
        return {
            **_door(self.config, "asks", "owes"),
            "free": In(1),
            "begins": Out(1),
            "over": In(1),
            **_network(self.config),
        }

    @property
    def module(self) -> str:
        return "folded_inference"

    def elaborate(self, platform):
        m = Module()
        answer = Signal.like(self.o.payload, name="answer", reset_less=True)
        there = Signal()
        waits = Signal()
        ends = Signal()
        m.d.comb += [
            waits.eq(self._waits(there)),
            self.asks.eq(waits | self.shows),
            self.begins.eq(waits & self.open & self.free),
            self.owes.eq(self.shows | there),
            ends.eq(self.shows & self.over),
            self.o.payload.eq(answer),
            self.o.valid.eq(there),
        ]
        self._takes(m, ends)
        with m.If(self.begins):
            m.d.sync += self.shows.eq(1)
        with m.Elif(ends):
            m.d.sync += [answer.eq(self.y), self.shows.eq(0)]
        with m.If(ends):
            m.d.sync += there.eq(1)
        with m.Elif(self.o.ready):
            m.d.sync += there.eq(0)
        return m

    def _waits(self, there: Signal) -> Value:
        """An input waits for nothing but the door; ``there``: an answer has not been taken."""
        self._turn = Signal(name="turn")  # training's, after each input
        return self.i.valid & ~self.shows & ~there & ~self._turn

    def _takes(self, m: Module, ends: Signal) -> None:
        """Takes it as it begins, and shows it until its sweep ``ends``."""
        x = Signal.like(self.i.payload, name="x_kept", reset_less=True)
        m.d.comb += [self.i.ready.eq(self.begins), self.x.eq(x)]
        m.d.sync += self._turn.eq(ends & self.wanted)
        with m.If(self.begins):
            m.d.sync += x.eq(self.i.payload)


class PagedInference(FoldedInference):
    """The same with a sample in a memory: inputs come one a clock, into a page, and are read from there.

    Words come as those of :class:`mgd_hdl.samples.pages.SamplePages`, by the same rule. There is one page, so
    none is taken from the last input on until its sweep is over; while the answer waits they are. A second
    page would save as many clocks as there are inputs, of a sweep that takes more, and cost as much memory as
    the first.

    Where the last input is taken in clock t and the door is open the sweep is commanded in t + 1, and its
    answer at ``o`` in ``t + 3 + config.timing.sweep.answered``; in that clock the next inputs may begin. As
    they take a clock at least training needs no turn.

    Members
    -------
    i : In(stream of {x, first})
        An input, and whether it is input 0. ``i.ready`` waits for nothing but a place.
    load : In(1)
        After a reset: words are taken from the next clock on.
    o, open, asks, owes, free, begins, over, shows, y
        As of :class:`FoldedInference`.
    at : In(range(inputs)); x : Out
        Which input; a clock later, this one.
    """

    def _members(self) -> dict[str, Any]:
        members = super()._members()
        del members["wanted"]
        return {**members, "load": In(1), "at": In(numbers(self.config))}

    @property
    def module(self) -> str:
        return "paged_inference"

    def _waits(self, there: Signal) -> Value:
        self._held = Signal(name="held")  # all inputs are there, and wait for their sweep
        return self._held & ~there

    def _takes(self, m: Module, ends: Signal) -> None:
        room = [~self._held, ~self.shows]
        whole, x = into_memory(m, self.config, self.i, self.load, self.at, room)
        m.d.comb += self.x.eq(x)
        with m.If(whole):
            m.d.sync += self._held.eq(1)
        with m.Elif(self.begins):
            m.d.sync += self._held.eq(0)
